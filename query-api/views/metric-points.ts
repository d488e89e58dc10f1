import { z } from 'zod';
import { quantile } from '../../common/histogram/exponential-histogram.js';
import type { GaugeRow, IncreaseRow } from '../plan/metrics.js';
import { explicitQuantile } from './explicit-quantile.js';

const value = z.number().nullable();

export const sumPoint = z.object({ increase: value.describe('By how much it grew within the step') });

export const gaugePoint = z.object({
  last: value.describe('The newest value; of several series the newest of any'),
  min: value,
  max: value,
  avg: value.describe('Mean of all values of the step'),
});

export const histogramPoint = z.object({
  count: value.describe('Values observed within the step'),
  sum: value,
  mean: value,
  p50: value,
  p90: value,
  p99: value,
});

export function gaugeOf(row: GaugeRow | undefined): z.output<typeof gaugePoint> {
  if (row === undefined) return { last: null, min: null, max: null, avg: null };
  return { last: row.last, min: row.min, max: row.max, avg: row.sum / row.count };
}

/** Quantiles by the buckets that there are: a logarithmic one is its geometric middle, an explicit one linear. */
export function histogramOf(row: IncreaseRow | undefined): z.output<typeof histogramPoint> {
  if (row === undefined) return { count: null, sum: null, mean: null, p50: null, p90: null, p99: null };
  const quantileOf = row.kind.includes('exponential') ? exponentialQuantiles(row) : explicitQuantiles(row);
  return {
    count: row.count,
    sum: row.sum,
    mean: row.count === 0 ? null : row.sum / row.count,
    p50: quantileOf(0.5),
    p90: quantileOf(0.9),
    p99: quantileOf(0.99),
  };
}

type Quantiles = (q: number) => number | null;

function exponentialQuantiles(row: IncreaseRow): Quantiles {
  const { bucket_indexes: bucketIndexes, bucket_counts: bucketCounts, zero_count: zeroCount, sum } = row;
  const count = bucketCounts.reduce((total, inBucket) => total + inBucket, zeroCount);
  return (q) => quantile({ count, zeroCount, sum, bucketIndexes, bucketCounts }, q);
}

function explicitQuantiles(row: IncreaseRow): Quantiles {
  const counts = Array.from<number>({ length: row.bounds.length + 1 }).fill(0);
  row.bucket_indexes.forEach((place, at) => (counts[place] = row.bucket_counts[at] ?? 0));
  return (q) => explicitQuantile(row.bounds, counts, q);
}
