import type { SteppedRange, TimeRange } from './range.js';

/** The tables of recomputed buckets, the coarsest first. */
export const ROLLUPS = ['day', 'hour', 'minute'] as const;
export type Rollup = (typeof ROLLUPS)[number];

/** What a part of an answer was read at; `raw`: the windows as they were measured. */
export const RESOLUTIONS = ['raw', 'minute', 'hour', 'day'] as const;
export type Resolution = (typeof RESOLUTIONS)[number];

export const BUCKET_MS: Readonly<Record<Rollup, number>> = Object.freeze({
  day: 86_400_000,
  hour: 3_600_000,
  minute: 60_000,
});

/** A range, and from when on its rows are still stored; what is older is not known any more. */
export interface StoredRange extends SteppedRange {
  /** The rollups that its steps can be read from, the coarsest first. */
  readonly rollups: readonly Rollup[];
  /** At the resolution that is kept longest of those that its steps can be read from. */
  readonly storedFromMs: number;
  /** The windows themselves: of what is older only sealed buckets are left. */
  readonly rawFromMs: number;
  readonly minuteFromMs: number;
  /** Hours and days. */
  readonly rollupFromMs: number;
}

/** A part of a range that is read at one resolution. */
export interface Stretch extends TimeRange {
  readonly resolution: Resolution;
}

/** Per rollup where its buckets may be read: ascending, apart from each other, on bucket boundaries. */
export type CleanRuns = Readonly<Record<Rollup, readonly TimeRange[]>>;

export const NO_RUNS: CleanRuns = Object.freeze({ day: [], hour: [], minute: [] });

/** So many conditions on time a query may have; the engine looks at each for every part. */
export const MAX_STRETCHES = 32;

/** The rollups whose buckets lie in one step each, whatever the range: a bucket never crosses a step's boundary. */
export function rollupsFor(stepMs: number): Rollup[] {
  return ROLLUPS.filter((rollup) => stepMs % BUCKET_MS[rollup] === 0);
}

/**
 * Cuts a range into what each part is to be read at: the coarsest clean bucket that fits the steps, what is
 * not clean by the next finer one, at last raw. The stretches cover the range once, in order.
 *
 * What raw no longer has is read at minutes, and what these no longer have at hours, sealed or not: nothing
 * else is left of it, and reading where there is nothing does no harm. That a part was not sealed, so that
 * nothing of it counts as stored, is said by the coverage.
 *
 * Where late data has torn clean buckets into many runs, the shortest runs are read finer than they had to
 * be, until at most `most` stretches are left. That is always right: an hour is made of minutes that stand,
 * a minute of raw rows. It costs reading more rows, at worst the raw of two days, as without rollups.
 */
export function planStretches(range: StoredRange, clean: CleanRuns, most = MAX_STRETCHES): Stretch[] {
  const stored = whatIsStored(range, clean);
  let stretches = cut(range, range, range.rollups, stored);
  for (let shortestMs = 2 * BUCKET_MS.minute; stretches.length > most; shortestMs *= 2) {
    stretches = cut(range, range, range.rollups, longRuns(stored, shortestMs));
  }
  return stretches;
}

/** The coarsest resolution that any part was read at. */
export function coarsest(stretches: readonly Stretch[]): Resolution {
  const places = stretches.map(({ resolution }) => RESOLUTIONS.indexOf(resolution));
  return RESOLUTIONS[Math.max(0, ...places)] ?? 'raw';
}

/** From when on rows of a resolution are still stored. */
export function storedFromAt(range: StoredRange, resolution: Resolution): number {
  if (resolution === 'raw') return range.rawFromMs;
  return resolution === 'minute' ? range.minuteFromMs : range.rollupFromMs;
}

/** A seal outlives the rows of its minute: only buckets that are still stored whole are left. */
function whatIsStored(range: StoredRange, clean: CleanRuns): CleanRuns {
  const kept = (rollup: Rollup) => {
    const bucketMs = BUCKET_MS[rollup];
    const from = Math.ceil(storedFromAt(range, rollup) / bucketMs) * bucketMs;
    return clean[rollup]
      .map((run) => ({ fromMs: Math.max(run.fromMs, from), toMs: run.toMs }))
      .filter((run) => run.fromMs < run.toMs);
  };
  return { day: kept('day'), hour: kept('hour'), minute: kept('minute') };
}

function longRuns(runs: CleanRuns, shortestMs: number): CleanRuns {
  const long = (ofOne: readonly TimeRange[]) =>
    ofOne.filter(({ fromMs, toMs }) => toMs - fromMs >= shortestMs);
  return { day: long(runs.day), hour: long(runs.hour), minute: long(runs.minute) };
}

function cut(
  range: StoredRange,
  { fromMs, toMs }: TimeRange,
  [rollup, ...finer]: readonly Rollup[],
  runs: CleanRuns,
): Stretch[] {
  if (rollup === undefined) return withoutRollup(range, { fromMs, toMs });
  const stretches: Stretch[] = [];
  let done = fromMs;
  const upTo = (end: number) => {
    if (done < end) stretches.push(...cut(range, { fromMs: done, toMs: end }, finer, runs));
  };
  for (const run of runs[rollup]) {
    const begin = Math.max(run.fromMs, done);
    const end = Math.min(run.toMs, toMs);
    if (begin >= end) continue;
    upTo(begin);
    stretches.push({ fromMs: begin, toMs: end, resolution: rollup });
    done = end;
  }
  upTo(toMs);
  return joined(stretches);
}

/** What no clean bucket holds: raw as far as it is stored, before it the finest that is left. */
function withoutRollup({ rollups, rawFromMs, minuteFromMs }: StoredRange, part: TimeRange): Stretch[] {
  const oldest: Resolution = rollups.includes('hour')
    ? 'hour'
    : rollups.includes('minute')
      ? 'minute'
      : 'raw';
  const old: Resolution = rollups.includes('minute') ? 'minute' : 'raw';
  const minutesFrom = Math.min(minuteFromMs, rawFromMs);
  const between = (fromMs: number, toMs: number, resolution: Resolution) => ({
    fromMs: Math.max(fromMs, part.fromMs),
    toMs: Math.min(toMs, part.toMs),
    resolution,
  });
  return joined(
    [
      between(-Infinity, minutesFrom, oldest),
      between(minutesFrom, rawFromMs, old),
      between(rawFromMs, Infinity, 'raw'),
    ].filter(({ fromMs, toMs }) => fromMs < toMs),
  );
}

/** Neighbours of one resolution become one stretch. */
function joined(stretches: readonly Stretch[]): Stretch[] {
  const result: Stretch[] = [];
  for (const stretch of stretches) {
    const last = result.at(-1);
    if (last?.resolution === stretch.resolution) result[result.length - 1] = { ...last, toMs: stretch.toMs };
    else result.push(stretch);
  }
  return result;
}
