export interface TimedEvent {
  readonly atMs: number;
  /** Order of those of one time: that in which they were added. */
  readonly number: number;
  readonly act: () => void;
}

/** What happens next, by time: a binary heap. */
export class EventQueue {
  readonly #heap: TimedEvent[] = [];

  add(event: TimedEvent): void {
    const heap = this.#heap;
    let at = heap.push(event) - 1;
    while (at > 0) {
      const above = (at - 1) >> 1;
      if (!this.#isBefore(at, above)) return;
      this.#swap(at, above);
      at = above;
    }
  }

  take(): TimedEvent | undefined {
    const heap = this.#heap;
    const first = heap[0];
    const last = heap.pop();
    if (first === undefined || last === undefined || heap.length === 0) return first;
    heap[0] = last;
    this.#sink();
    return first;
  }

  #sink(): void {
    let at = 0;
    for (;;) {
      const left = 2 * at + 1;
      if (left >= this.#heap.length) return;
      const right = left + 1;
      const below = right < this.#heap.length && this.#isBefore(right, left) ? right : left;
      if (!this.#isBefore(below, at)) return;
      this.#swap(at, below);
      at = below;
    }
  }

  #isBefore(one: number, other: number): boolean {
    const a = this.#heap[one];
    const b = this.#heap[other];
    if (a === undefined || b === undefined) throw new RangeError('outside of the heap');
    return a.atMs < b.atMs || (a.atMs === b.atMs && a.number < b.number);
  }

  #swap(one: number, other: number): void {
    const a = this.#heap[one];
    const b = this.#heap[other];
    if (a === undefined || b === undefined) throw new RangeError('outside of the heap');
    this.#heap[one] = b;
    this.#heap[other] = a;
  }
}
