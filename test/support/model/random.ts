/** Random numbers that are the same for the same seed (mulberry32). */
export class Random {
  #state: number;

  constructor(seed: number) {
    this.#state = seed | 0;
  }

  /** 0 ≤ x < 1 */
  float(): number {
    this.#state = (this.#state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(this.#state ^ (this.#state >>> 15), 1 | this.#state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  }

  /** A whole number, 0 ≤ x < limit. */
  below(limit: number): number {
    return Math.floor(this.float() * limit);
  }

  between(least: number, most: number): number {
    return least + this.float() * (most - least);
  }

  chance(probability: number): boolean {
    return this.float() < probability;
  }

  pick<T>(list: readonly T[]): T {
    const picked = list[this.below(list.length)];
    if (picked === undefined) throw new RangeError('nothing to pick from');
    return picked;
  }

  /** The same members in random order. */
  shuffled<T>(list: readonly T[]): T[] {
    return list
      .map((member) => ({ member, at: this.float() }))
      .sort((a, b) => a.at - b.at)
      .map(({ member }) => member);
  }
}
