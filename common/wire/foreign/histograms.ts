import { SCALE } from '../../histogram/bounds.js';
import { NO_VALUES, PointRefused, type ForeignKind, type ForeignValues } from './point.js';
import { checkScale, explicitOf, scaleDown, type SparseBuckets } from './scale.js';
import type { ForeignExponential, ForeignHistogram } from './schema.js';

/** Kind and values of a histogram's point; `cumulative_` is put before the kind by whoever knows. */
export interface ReadHistogram {
  readonly kind: Extract<ForeignKind, 'histogram' | 'exponential_histogram'>;
  readonly values: ForeignValues;
}

/** @throws PointRefused when sums and buckets do not make sense. */
export function readExplicit(point: ForeignHistogram): ReadHistogram {
  const bounds = point.explicitBounds;
  // OTLP: without any bucket there is one, which holds everything.
  const bare = bounds.length === 0 && point.bucketCounts.length === 0;
  const bucketCounts = bare ? [point.count] : point.bucketCounts;
  if (bucketCounts.length !== bounds.length + 1) {
    throw invalid(`${bucketCounts.length} counts for ${bounds.length} bounds; right would be one more`);
  }
  for (const [i, bound] of bounds.entries()) {
    if (!Number.isFinite(bound)) throw invalid(`bound ${i} is ${bound}; right would be a finite number`);
    if (bound <= (bounds[i - 1] ?? Number.NEGATIVE_INFINITY)) throw invalid('the bounds do not ascend');
  }
  const { count } = point;
  checkTotal(count, bucketCounts, 0);
  return { kind: 'histogram', values: { ...NO_VALUES, count, sum: sumOf(point), bucketCounts, bounds } };
}

/**
 * Of our scale or finer: as ours. Coarser: as explicit buckets, because spreading a bucket over finer ones
 * would say more than was measured.
 * @throws PointRefused when scale, sums and buckets do not make sense.
 */
export function readExponential(point: ForeignExponential): ReadHistogram {
  if (point.negative?.bucketCounts.some((count) => count > 0) === true) {
    throw new PointRefused('negative_buckets', 'negative values are counted; only positive ones are taken');
  }
  const { count, zeroCount, scale } = point;
  checkTotal(count, point.positive?.bucketCounts ?? [], zeroCount);
  const buckets = sparse(point);
  checkScale(scale, buckets);
  const sum = sumOf(point);
  if (scale >= SCALE) {
    const { indexes, counts } = scaleDown(buckets, scale);
    const values = { ...NO_VALUES, count, sum, zeroCount, bucketIndexes: indexes, bucketCounts: counts };
    return { kind: 'exponential_histogram', values };
  }
  const { bounds, counts } = explicitOf(buckets, scale, zeroCount);
  return { kind: 'histogram', values: { ...NO_VALUES, count, sum, bucketCounts: counts, bounds } };
}

function sparse({ positive }: ForeignExponential): SparseBuckets {
  const indexes: number[] = [];
  const counts: number[] = [];
  positive?.bucketCounts.forEach((count, i) => {
    if (count === 0) return;
    indexes.push(positive.offset + i);
    counts.push(count);
  });
  return { indexes, counts };
}

function checkTotal(count: number, bucketCounts: readonly number[], zeroCount: number): void {
  let total = zeroCount;
  for (const bucket of bucketCounts) total += bucket;
  if (total !== count) throw invalid(`the count is ${count}, but the buckets hold ${total}`);
  if (!Number.isSafeInteger(total)) throw invalid(`the count is ${count}; at most 2^53 - 1 is taken`);
}

function sumOf({ sum }: ForeignHistogram | ForeignExponential): number {
  if (sum !== undefined && Number.isFinite(sum)) return sum;
  const found = sum === undefined ? 'there is no sum' : `the sum is ${sum}`;
  throw new PointRefused('value_invalid', `${found}; right would be a finite number`);
}

function invalid(detail: string): PointRefused {
  return new PointRefused('buckets_invalid', detail);
}
