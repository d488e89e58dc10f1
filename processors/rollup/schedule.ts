import { coarserThan, endOf, nameOf, RESOLUTIONS, type Bucket, type Resolution } from './buckets.js';

export interface ScheduleOptions {
  /** So long after its end a bucket is recomputed for the first time, milliseconds. */
  readonly delayMs: number;
  /** Least time between the starts of two recomputes of the same bucket, milliseconds: what comes meanwhile is one. */
  readonly gapsMs: Readonly<Record<Resolution, number>>;
}

export const GAPS_MS: Readonly<Record<Resolution, number>> = Object.freeze({
  minute: 5_000,
  hour: 5_000,
  day: 5_000,
});

/** The gap grows to so many times what the last one took: late data that trickles in costs a tenth of the time. */
const REST_FACTOR = 10;

/** A bucket to be looked at, with what is done when it has been. */
export interface Due<T> extends Bucket {
  /** Told of it before it was taken; each is answered for when the bucket is sealed. */
  readonly records: readonly T[];
  /** Tries that failed. */
  readonly failures: number;
}

interface Entry<T> extends Bucket {
  dueMs: number;
  records: T[];
  failures: number;
}

const FIRST_BACKOFF_MS = 500;
const LONGEST_BACKOFF_MS = 60_000;

/**
 * Which buckets are to be recomputed, and when: not before they have ended and their windows had time to come
 * in, and not more often than the gap. A touch is never forgotten: a bucket that is touched while it is being
 * recomputed comes again. Pure: the time is given by whoever asks, in milliseconds of the wall clock.
 */
export class Schedule<T> {
  readonly #options: ScheduleOptions;
  readonly #entries = new Map<string, Entry<T>>();
  /** When a bucket was last taken; forgotten once the gap has passed. */
  readonly #takenMs = new Map<string, number>();
  /** How long the last recompute took, by resolution. */
  readonly #tookMs: Record<Resolution, number> = { minute: 0, hour: 0, day: 0 };
  #records = 0;

  constructor(options: ScheduleOptions) {
    this.#options = options;
  }

  /** Buckets that wait, due or not. */
  get size(): number {
    return this.#entries.size;
  }

  /** Records that wait with them. */
  get records(): number {
    return this.#records;
  }

  /** Whether one of the waiting records is such. */
  some(isSuch: (record: T) => boolean): boolean {
    for (const { records } of this.#entries.values()) if (records.some(isSuch)) return true;
    return false;
  }

  /** Buckets of a resolution that wait. */
  waiting(resolution: Resolution): number {
    let count = 0;
    for (const entry of this.#entries.values()) if (entry.resolution === resolution) count += 1;
    return count;
  }

  /** The bucket may have changed. @returns false when it waited already: two touches became one. */
  touch(bucket: Bucket, record?: T): boolean {
    const key = nameOf(bucket);
    const known = this.#entries.get(key);
    const entry = known ?? this.#newEntry(key, bucket);
    if (record !== undefined) {
      entry.records.push(record);
      this.#records += 1;
    }
    return known === undefined;
  }

  /** Takes up to `limit` buckets of one resolution that are due: the shortest first, then the oldest. */
  take(nowMs: number, limit: number): Due<T>[] {
    this.#forget(nowMs);
    for (const resolution of RESOLUTIONS) {
      const due = [...this.#entries].filter(
        ([, entry]) => entry.resolution === resolution && entry.dueMs <= nowMs,
      );
      if (due.length === 0) continue;
      due.sort(([, a], [, b]) => a.startMs - b.startMs);
      return due.slice(0, limit).map(([key, entry]) => {
        this.#entries.delete(key);
        this.#records -= entry.records.length;
        this.#takenMs.set(key, nowMs);
        return entry;
      });
    }
    return [];
  }

  /** Taken, but it did not work: comes again after a while, the longer the more often it failed. */
  putBack(due: Due<T>, nowMs: number): void {
    const key = nameOf(due);
    // It was not made, so there is no gap to keep.
    this.#takenMs.delete(key);
    const entry = this.#entries.get(key) ?? this.#newEntry(key, due);
    entry.records.unshift(...due.records);
    this.#records += due.records.length;
    entry.failures = due.failures + 1;
    const backoffMs = Math.min(FIRST_BACKOFF_MS * 2 ** due.failures, LONGEST_BACKOFF_MS);
    entry.dueMs = nowMs + backoffMs;
  }

  /** A recompute of such a bucket took so long. */
  took(resolution: Resolution, milliseconds: number): void {
    this.#tookMs[resolution] = milliseconds;
  }

  /** The bucket that holds this one, if any, may have changed. */
  touchCoarser({ resolution, startMs }: Bucket): void {
    const coarser = coarserThan(resolution);
    if (coarser === undefined) return;
    const length = endOf({ resolution: coarser, startMs: 0 });
    this.touch({ resolution: coarser, startMs: Math.floor(startMs / length) * length });
  }

  /** When the next one is due, Unix milliseconds; undefined when none waits. */
  nextMs(): number | undefined {
    let next: number | undefined;
    for (const { dueMs } of this.#entries.values()) if (next === undefined || dueMs < next) next = dueMs;
    return next;
  }

  #newEntry(key: string, { resolution, startMs }: Bucket): Entry<T> {
    const ready = endOf({ resolution, startMs }) + this.#options.delayMs;
    const taken = this.#takenMs.get(key);
    const dueMs = taken === undefined ? ready : Math.max(ready, taken + this.#gapMs(resolution));
    const entry = { resolution, startMs, dueMs, records: [], failures: 0 };
    this.#entries.set(key, entry);
    return entry;
  }

  #gapMs(resolution: Resolution): number {
    return Math.max(this.#options.gapsMs[resolution], REST_FACTOR * this.#tookMs[resolution]);
  }

  #forget(nowMs: number): void {
    const longest = Math.max(...RESOLUTIONS.map((resolution) => this.#gapMs(resolution)));
    for (const [key, takenMs] of this.#takenMs) if (takenMs + longest <= nowMs) this.#takenMs.delete(key);
  }
}
