/**
 * Deltas of cumulative rows. The loader counts from 0 in each generation of a slot and never clears, so a
 * window is the difference of two readings, and the sum of all windows is the last reading, whatever was
 * skipped in between.
 */
export class CumulativeRows {
  readonly #rows = new Map<number, { generation: number; values: BigUint64Array }>();

  /**
   * What `values` have grown by since the last reading of this generation of the slot.
   * @returns 'fell' when one is smaller than before: never right, so it counts as lost and is the new base.
   */
  advance(slot: number, generation: number, values: BigUint64Array): number[] | 'fell' {
    const before = this.#rows.get(slot);
    const base = before?.generation === generation ? before.values : undefined;
    this.#rows.set(slot, { generation, values });
    const deltas = new Array<number>(values.length).fill(0);
    for (let i = 0; i < values.length; i++) {
      const value = values[i] ?? 0n;
      const last = base?.[i] ?? 0n;
      if (value === last) continue;
      if (value < last) return 'fell';
      deltas[i] = Number(value - last);
    }
    return deltas;
  }

  /** Slots that were ever seen: as many as the loader has. */
  get size(): number {
    return this.#rows.size;
  }
}
