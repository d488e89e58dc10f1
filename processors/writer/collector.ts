import { systemClock, type Clock } from '../../common/runtime/clock.js';
import type { Item } from './prepare.js';

export interface CollectorLimits {
  /** Longest that an item waits, milliseconds. */
  readonly flushMs: number;
  /** So many rows are worth an insert as soon as none is under way; without it as many as `rows`. */
  readonly eagerRows?: number;
  /** With so many rows, bytes or items, no more is taken in until they are taken out. */
  readonly rows: number;
  readonly bytes: number;
  readonly items: number;
}

/**
 * Holds what is to be inserted next, over all partitions. Bounded: one message beyond a limit at most.
 */
export class Collector {
  readonly #limits: CollectorLimits;
  readonly #clock: Clock;
  #items: Item[] = [];
  #rows = 0;
  #bytes = 0;
  #oldestAt = 0;
  #wake: (() => void) | undefined;
  #room: { promise: Promise<void>; resolve: () => void } | undefined;
  #draining = false;

  constructor(limits: CollectorLimits, clock: Clock = systemClock) {
    this.#limits = limits;
    this.#clock = clock;
  }

  get size(): number {
    return this.#items.length;
  }

  add(item: Item): void {
    if (this.#items.length === 0) this.#oldestAt = this.#clock.now();
    this.#items.push(item);
    this.#rows += item.kind === 'prepared' ? item.rows : 1;
    this.#bytes += item.kind === 'prepared' ? item.bytes : (item.message.value?.byteLength ?? 0);
    if (this.#items.length === 1 || this.#worthwhile()) this.#wakeUp();
  }

  /** Undefined when there is room, else a promise that resolves when there is. */
  roomFor(): Promise<void> | undefined {
    if (!this.#full()) return undefined;
    this.#room ??= newSignal();
    return this.#room.promise;
  }

  /** From now on `next` no longer waits, and gives undefined once all is taken. */
  drain(): void {
    this.#draining = true;
    this.#wakeUp();
  }

  /** Waits until it is time for an insert; undefined after `drain` when there is nothing left. */
  async next(): Promise<readonly Item[] | undefined> {
    for (;;) {
      if (this.#items.length === 0) {
        if (this.#draining) return undefined;
        await this.#sleep(undefined);
        continue;
      }
      const left = this.#oldestAt + this.#limits.flushMs - this.#clock.now();
      if (left <= 0 || this.#worthwhile() || this.#draining) return this.#take();
      await this.#sleep(left);
    }
  }

  #take(): readonly Item[] {
    const taken = this.#items;
    this.#items = [];
    this.#rows = 0;
    this.#bytes = 0;
    this.#room?.resolve();
    this.#room = undefined;
    return taken;
  }

  #worthwhile(): boolean {
    const { eagerRows, rows } = this.#limits;
    return this.#rows >= (eagerRows ?? rows) || this.#full();
  }

  #full(): boolean {
    const { rows, bytes, items } = this.#limits;
    return this.#rows >= rows || this.#bytes >= bytes || this.#items.length >= items;
  }

  async #sleep(milliseconds: number | undefined): Promise<void> {
    const { promise, resolve } = newSignal();
    this.#wake = resolve;
    const woken = new AbortController();
    if (milliseconds !== undefined) void this.#clock.sleep(milliseconds, woken.signal).then(resolve);
    await promise;
    woken.abort();
    this.#wake = undefined;
  }

  #wakeUp(): void {
    this.#wake?.();
  }
}

function newSignal(): { promise: Promise<void>; resolve: () => void } {
  let resolve = (): void => undefined;
  const promise = new Promise<void>((done) => (resolve = done));
  return { promise, resolve };
}
