import { middleSeconds } from './bounds.js';

/** Scale-3 exponential histogram over seconds; sparse, ascending by index. */
export interface ExponentialHistogram {
  readonly count: number;
  readonly zeroCount: number;
  /** Seconds. */
  readonly sum: number;
  readonly bucketIndexes: readonly number[];
  readonly bucketCounts: readonly number[];
}

export const EMPTY_HISTOGRAM: ExponentialHistogram = Object.freeze({
  count: 0,
  zeroCount: 0,
  sum: 0,
  bucketIndexes: Object.freeze([]),
  bucketCounts: Object.freeze([]),
});

/** Adds histograms: exact, and the same in whatever order and grouping it is done (but for the rounding of `sum`). */
export function mergeHistograms(histograms: Iterable<ExponentialHistogram>): ExponentialHistogram {
  let count = 0;
  let zeroCount = 0;
  let sum = 0;
  const counts = new Map<number, number>();
  for (const histogram of histograms) {
    count += histogram.count;
    zeroCount += histogram.zeroCount;
    sum += histogram.sum;
    histogram.bucketIndexes.forEach((index, position) => {
      counts.set(index, (counts.get(index) ?? 0) + (histogram.bucketCounts[position] ?? 0));
    });
  }
  const bucketIndexes = [...counts.keys()].sort((a, b) => a - b);
  const bucketCounts = bucketIndexes.map((index) => counts.get(index) ?? 0);
  return { count, zeroCount, sum, bucketIndexes, bucketCounts };
}

/**
 * The value at rank ⌈q · count⌉ (the smallest for q = 0), as the geometric middle of its bucket: within
 * 4.4 % of the true value, and the same number at every level of aggregation.
 * @param q between 0 and 1
 * @returns seconds, or null when the histogram holds nothing
 */
export function quantile(histogram: ExponentialHistogram, q: number): number | null {
  if (!(q >= 0 && q <= 1)) throw new RangeError(`a quantile is between 0 and 1, not ${q}`);
  if (histogram.count === 0) return null;
  const rank = Math.max(1, Math.ceil(q * histogram.count));
  let seen = histogram.zeroCount;
  if (rank <= seen) return 0;
  for (const [position, index] of histogram.bucketIndexes.entries()) {
    seen += histogram.bucketCounts[position] ?? 0;
    if (rank <= seen) return middleSeconds(index);
  }
  throw new RangeError(`the buckets hold ${seen} values, but count says ${histogram.count}`);
}

/** Arithmetic mean in seconds, or null when the histogram holds nothing. */
export function mean(histogram: ExponentialHistogram): number | null {
  return histogram.count === 0 ? null : histogram.sum / histogram.count;
}
