import { createNumbers, type Numbers } from '../../support/fleet/numbers.js';
import { KINDS, type Kind, type Row } from './reference.js';

/** Bounds of the explicit histograms; one bucket more than bounds. */
export const BOUNDS = [0.125, 1, 4];
/** Sums of multiples of it are exact in whatever order. */
const STEP = 2 ** -20;
const HOUR_MS = 3_600_000;

/**
 * Rows of `perKind` series of each kind at random times within the minutes. Cumulative ones begin anew now and then,
 * by start time, by value alone, or in one bucket alone; some count since long ago or since nobody knows when.
 */
export function randomRows(seed: number, minutes: readonly number[], perKind: number): Row[] {
  const numbers = createNumbers(seed);
  return KINDS.flatMap((kind, position) =>
    Array.from({ length: perKind }, (_, number) => {
      const series = 1 + position * perKind + number;
      return kind.startsWith('cumulative_')
        ? cumulativeRows(numbers, series, kind, minutes)
        : deltaRows(numbers, series, kind, minutes);
    }).flat(),
  );
}

function timesOf(numbers: Numbers, minutes: readonly number[]): number[] {
  const times = minutes
    .filter(() => numbers.next() < 0.7)
    .flatMap((minute) =>
      Array.from(
        { length: numbers.whole(1, 6) },
        () => minute + numbers.whole(0, 59) * 1_000 + numbers.whole(0, 999),
      ),
    );
  return [...new Set(times)].sort((a, b) => a - b);
}

function deltaRows(numbers: Numbers, series: number, kind: Kind, minutes: readonly number[]): Row[] {
  return timesOf(numbers, minutes).flatMap((timeMs) =>
    // Two messages may speak of one moment.
    Array.from({ length: numbers.next() < 0.2 ? 2 : 1 }, (_, source) => ({
      ...randomValues(numbers, kind),
      series,
      kind,
      timeMs,
      source: source + 1,
      startMs: timeMs,
    })),
  );
}

function cumulativeRows(numbers: Numbers, series: number, kind: Kind, minutes: readonly number[]): Row[] {
  const times = timesOf(numbers, minutes);
  let startMs = (times[0] ?? 0) - numbers.pick([1_000, HOUR_MS, HOUR_MS + 1, 90 * HOUR_MS]);
  if (numbers.next() < 0.2) startMs = 0;
  let total = randomValues(numbers, kind);
  return times.map((timeMs, position) => {
    const chance = numbers.next();
    if (position > 0 && chance < 0.12) {
      startMs = timeMs - numbers.whole(0, 30_000);
      total = randomValues(numbers, kind);
    } else if (chance < 0.2) {
      total = randomValues(numbers, kind);
    } else if (chance < 0.85) {
      total = plus(total, randomValues(numbers, kind));
    }
    return { ...total, series, kind, timeMs, source: numbers.whole(1, 3), startMs };
  });
}

type Values = Pick<Row, 'value' | 'count' | 'sum' | 'zeroCount' | 'buckets'>;

function randomValues(numbers: Numbers, kind: Kind): Values {
  if (!kind.endsWith('histogram')) {
    const least = kind === 'gauge' || kind === 'up_down_sum' ? -5_000_000 : 0;
    const value = numbers.whole(least, 5_000_000) * STEP;
    return { value, count: 0, sum: 0, zeroCount: 0, buckets: new Map() };
  }
  const explicit = kind === 'histogram' || kind === 'cumulative_histogram';
  const zeroCount = explicit ? 0 : numbers.whole(0, 3);
  const buckets = new Map<number, number>();
  for (let left = numbers.whole(0, 4); left > 0; left -= 1) {
    buckets.set(numbers.whole(explicit ? 0 : -20, explicit ? BOUNDS.length : 20), numbers.whole(1, 9));
  }
  const count = [...buckets.values()].reduce((sum, each) => sum + each, zeroCount);
  return { value: 0, count, sum: numbers.whole(0, 9_000_000) * STEP, zeroCount, buckets };
}

function plus(a: Values, b: Values): Values {
  const buckets = new Map(a.buckets);
  for (const [index, count] of b.buckets) buckets.set(index, (buckets.get(index) ?? 0) + count);
  return {
    value: a.value + b.value,
    count: a.count + b.count,
    sum: a.sum + b.sum,
    zeroCount: a.zeroCount + b.zeroCount,
    buckets,
  };
}
