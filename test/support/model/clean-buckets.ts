import { endOf, nameOf, RESOLUTIONS, startOf, type Bucket } from '../../../processors/rollup/buckets.js';
import { isWithin, type SimRollups } from './rollups.js';
import type { Simulation } from './simulation.js';

/** A minute is made so long after its end, as the rollup of the model is set up. */
export const ROLLUP_DELAY_MS = 12_000;

/**
 * Looks at each bucket whenever its rows, its seal or its writes change: one that a reader may use holds every
 * sample that was there before the last of the writes that it counts.
 */
export class CleanBuckets {
  readonly #sim: Simulation;
  readonly #rollups: SimRollups;
  /** By minute, the samples in it and since when they are there, as a count of what happened before. */
  readonly #samples = new Map<number, Map<string, number>>();
  readonly #touched = new Map<number, number>();
  /** By bucket, what it held when it was clean. */
  readonly #promised = new Map<string, readonly string[]>();

  constructor(sim: Simulation, rollups: SimRollups) {
    this.#sim = sim;
    this.#rollups = rollups;
    rollups.onChange = (bucket) => this.#check(bucket);
  }

  /** When the minute's last touch came. */
  touchedAt(minute: number): number {
    return this.#touched.get(minute) ?? 0;
  }

  sample(key: string, timeMs: number, since: number): void {
    const minute = startOf('minute', timeMs);
    const keys = this.#samples.get(minute) ?? new Map<string, number>();
    this.#samples.set(minute, keys);
    if (!keys.has(key)) keys.set(key, since);
  }

  touch(minute: number, now: number): void {
    this.#touched.set(minute, now);
    for (const resolution of RESOLUTIONS) this.#check({ resolution, startMs: startOf(resolution, minute) });
  }

  /** Whether all buckets that have ended are sealed as of all that was written to them. */
  allClean(): boolean {
    return this.#ended().every((bucket) => this.#rollups.isClean(bucket));
  }

  /** When all is quiet, buckets hold all that is in `samples`. */
  atRest(): void {
    for (const bucket of this.#ended()) {
      const there = this.#rollups.samplesIn(bucket).size;
      const expected = this.#within(bucket).reduce((sum, [, keys]) => sum + keys.size, 0);
      if (there !== expected) {
        this.#sim.violate('rollups equal raw', `${nameOf(bucket)} holds ${there} samples of ${expected}`);
      }
    }
  }

  #ended(): Bucket[] {
    return RESOLUTIONS.flatMap((resolution) => this.#rollups.touched(resolution)).filter(
      (bucket) => endOf(bucket) + ROLLUP_DELAY_MS <= this.#sim.unixMs,
    );
  }

  #check(bucket: Bucket): void {
    const name = nameOf(bucket);
    const isClean = this.#rollups.isClean(bucket);
    const needed = isClean ? this.#acknowledged(bucket) : (this.#promised.get(name) ?? []);
    if (isClean) this.#promised.set(name, needed);
    if (needed.length === 0) return;
    const there = this.#rollups.samplesIn(bucket);
    const missing = needed.find((key) => !there.has(key));
    if (missing === undefined) return;
    const what = `${name}, sealed as of ${this.#rollups.seals.get(name) ?? 0} writes, is without ${missing}`;
    // Who has found it clean may read its rows a moment later.
    this.#sim.violate(isClean ? 'clean buckets equal raw' : 'a bucket keeps what it held', what);
  }

  /** Samples of the bucket that a touch came after. */
  #acknowledged(bucket: Bucket): string[] {
    const acknowledged: string[] = [];
    for (const [minute, keys] of this.#within(bucket)) {
      const lastTouch = this.touchedAt(minute);
      for (const [key, since] of keys) if (since <= lastTouch) acknowledged.push(key);
    }
    return acknowledged;
  }

  #within(bucket: Bucket): [number, Map<string, number>][] {
    return [...this.#samples].filter(([minute]) => isWithin(minute, bucket));
  }
}
