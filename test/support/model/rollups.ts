import {
  endOf,
  LENGTH_MS,
  nameOf,
  startOf,
  type Bucket,
  type Resolution,
} from '../../../processors/rollup/buckets.js';
import type { DayState, HourState, MinuteState, RollupStore } from '../../../processors/rollup/store.js';
import type { Row } from './rows.js';

/** What a recompute would write: per series the keys of the samples that are in it. */
export type Contents = ReadonlyMap<string, ReadonlySet<string>>;

type TimeRange = Parameters<RollupStore['minutes']>[0];

interface RollupRow {
  readonly version: number;
  readonly samples: ReadonlySet<string>;
}

const FINER = { hour: 'minute', day: 'hour' } as const;

/**
 * `touches`, `seals` and the tables of minutes, hours and days: of rows of one series and bucket the highest
 * version stands, of equal versions the last. A row is the set of the samples in it, so that a missing one is
 * seen whatever the sums are.
 */
export class SimRollups {
  /** Start of the minute, Unix ms, to the sum of its writes. */
  readonly touches = new Map<number, number>();
  /** By the name of the bucket, the highest writes of its seals. */
  readonly seals = new Map<string, number>();
  /** Called after rows or a seal of a bucket have changed. */
  onChange: (bucket: Bucket) => void = () => undefined;
  readonly #samples = new Map<number, Map<string, Set<string>>>();
  readonly #rows = new Map<string, Map<string, RollupRow>>();
  readonly #buckets = new Map<string, Bucket>();

  takeSample({ key, fields }: Row): void {
    const minute = startOf('minute', Number(fields['time']));
    const series = `${String(fields['customer'])}|${String(fields['metric'])}|${String(fields['series'])}`;
    const bySeries = this.#samples.get(minute) ?? new Map<string, Set<string>>();
    this.#samples.set(minute, bySeries);
    bySeries.set(series, (bySeries.get(series) ?? new Set<string>()).add(key));
  }

  takeTouch({ fields }: Row): void {
    const minute = Number(fields['minute']) * 1_000;
    this.touches.set(minute, (this.touches.get(minute) ?? 0) + Number(fields['writes']));
  }

  /** What `INSERT … SELECT` would read now. */
  read({ resolution, startMs }: Bucket): Contents {
    if (resolution === 'minute') {
      const bySeries = this.#samples.get(startMs) ?? new Map<string, Set<string>>();
      return new Map([...bySeries].map(([series, keys]) => [series, new Set(keys)]));
    }
    const merged = new Map<string, Set<string>>();
    for (const finer of this.#within({ resolution, startMs }, FINER[resolution])) {
      for (const [series, { samples }] of this.#rows.get(nameOf(finer)) ?? []) {
        const known = merged.get(series) ?? new Set<string>();
        for (const key of samples) known.add(key);
        merged.set(series, known);
      }
    }
    return merged;
  }

  write(bucket: Bucket, version: number, contents: Contents): void {
    const rows = this.#rows.get(nameOf(bucket)) ?? new Map<string, RollupRow>();
    this.#rows.set(nameOf(bucket), rows);
    this.#buckets.set(nameOf(bucket), bucket);
    for (const [series, samples] of contents) {
      if ((rows.get(series)?.version ?? 0) <= version) rows.set(series, { version, samples });
    }
    this.onChange(bucket);
  }

  seal(bucket: Bucket, writes: number): void {
    const name = nameOf(bucket);
    this.#buckets.set(name, bucket);
    this.seals.set(name, Math.max(this.seals.get(name) ?? 0, writes));
    this.onChange(bucket);
  }

  /** Writes to the bucket's minutes. */
  written(bucket: Bucket): number {
    let sum = 0;
    for (const [minute, writes] of this.touches) if (isWithin(minute, bucket)) sum += writes;
    return sum;
  }

  /** What the contract says that a reader may use instead of raw rows. */
  isClean(bucket: Bucket): boolean {
    return this.seals.get(nameOf(bucket)) === this.written(bucket);
  }

  /** Keys of the samples that a reader of the bucket's rows sees. */
  samplesIn(bucket: Bucket): Set<string> {
    const all = new Set<string>();
    for (const { samples } of this.#rows.get(nameOf(bucket))?.values() ?? [])
      for (const key of samples) all.add(key);
    return all;
  }

  /** Buckets of a resolution that were written to. */
  touched(resolution: Resolution): Bucket[] {
    const starts = new Set([...this.touches.keys()].map((minute) => startOf(resolution, minute)));
    return [...starts].map((startMs) => ({ resolution, startMs }));
  }

  minutes({ fromMs, toMs }: TimeRange): MinuteState[] {
    return this.#known('minute')
      .filter(({ startMs }) => startMs >= fromMs && startMs < toMs)
      .map((bucket) => ({
        startMs: bucket.startMs,
        written: this.touches.get(bucket.startMs) ?? 0,
        sealed: this.#sealOf(bucket),
      }));
  }

  hours({ fromMs, toMs }: TimeRange): HourState[] {
    return this.#known('hour')
      .filter(({ startMs }) => startMs >= fromMs && startMs < toMs)
      .map((bucket) => {
        const minutes = this.minutes({ fromMs: bucket.startMs, toMs: endOf(bucket) });
        return {
          startMs: bucket.startMs,
          open: minutes.filter(({ written, sealed }) => written !== sealed).length,
          attained: minutes.reduce((sum, { sealed }) => sum + sealed, 0),
          sealed: this.#sealOf(bucket),
        };
      });
  }

  days({ fromMs, toMs }: TimeRange): DayState[] {
    return this.#known('day')
      .filter((bucket) => bucket.startMs >= fromMs && bucket.startMs < toMs && this.#sealOf(bucket) > 0)
      .map((bucket) => ({ startMs: bucket.startMs, sealed: this.#sealOf(bucket) }));
  }

  #sealOf(bucket: Bucket): number {
    return this.seals.get(nameOf(bucket)) ?? 0;
  }

  /** Written to, or sealed, in order. */
  #known(resolution: Resolution): Bucket[] {
    const starts = new Set(this.touched(resolution).map(({ startMs }) => startMs));
    for (const bucket of this.#buckets.values())
      if (bucket.resolution === resolution) starts.add(bucket.startMs);
    return [...starts].sort((a, b) => a - b).map((startMs) => ({ resolution, startMs }));
  }

  #within(bucket: Bucket, finer: Resolution): Bucket[] {
    return this.#known(finer).filter(({ startMs }) => isWithin(startMs, bucket));
  }
}

export function isWithin(timeMs: number, { resolution, startMs }: Bucket): boolean {
  return timeMs >= startMs && timeMs < startMs + LENGTH_MS[resolution];
}
