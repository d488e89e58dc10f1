import { crc32 } from 'node:zlib';
import type { Point } from '../../common/wire/batch.js';

/**
 * What the rows of one message add up to, each row weighed by its labels, so that values in the wrong series show.
 * The order of rows does not matter. Counts are exact; `value` too for whole numbers.
 */
export interface Checksum {
  readonly rows: number;
  readonly value: number;
  readonly count: bigint;
  readonly zeroCount: bigint;
  readonly sum: number;
  readonly buckets: bigint;
}

/** A prime; small, so that whole values stay whole numbers below 2^53 in their sum. */
const WEIGHTS = 251;
/** Makes every bucket index positive: the lowest is -240 (common/histogram). */
const INDEX_SHIFT = 241;
/** Seconds are added in another order by the engine. */
const RELATIVE_ERROR = 1e-9;

/** The same of stored rows, as SQL over the columns of `samples`; in the order of {@link Checksum}. */
export const CHECKSUM_SQL = {
  weight: `toUInt64(CRC32(arrayStringConcat(arrayConcat(
    [toString(customer), toString(metric), toString(app), toString(instance)],
    arrayFlatten(arrayMap((key, value) -> [toString(key), value], mapKeys(attributes), mapValues(attributes)))), '\\n')) % ${WEIGHTS} + 1)`,
  buckets: `arraySum((bucket, n) -> toUInt64(bucket + ${INDEX_SHIFT}) * n, bucket_indexes, bucket_counts)`,
  totals: `count(), sum(weight * value), sum(weight * count), sum(weight * zero_count), sum(weight * sum), sum(weight * buckets)`,
} as const;

/** Of the points of a message. Points of one series are one row. */
export function checksumOf(points: readonly Point[]): Checksum {
  const series = new Set<string>();
  let [value, sum] = [0, 0];
  let [count, zeroCount, buckets] = [0n, 0n, 0n];
  for (const point of points) {
    const labels = labelsOf(point);
    series.add(`${point.kind}\n${labels}`);
    const weight = (crc32(labels) % WEIGHTS) + 1;
    if (point.kind === 'sum') {
      value += weight * point.value;
      continue;
    }
    sum += weight * point.sum;
    count += BigInt(weight * point.count);
    zeroCount += BigInt(weight * point.zeroCount);
    point.bucketIndexes.forEach((index, position) => {
      const values = point.bucketCounts[position] ?? 0;
      buckets += BigInt(weight) * BigInt(index + INDEX_SHIFT) * BigInt(values);
    });
  }
  return { rows: series.size, value, count, zeroCount, sum, buckets };
}

function labelsOf({ owner, signal, attributes }: Point): string {
  const pairs = Object.entries(attributes).sort(([a], [b]) => (a < b ? -1 : 1));
  return [owner.customer, signal, owner.app, owner.instance, ...pairs.flat()].join('\n');
}

/** What differs between what a message says and what is stored of it, in words; undefined when nothing. */
export function whatDiffers(said: Checksum, stored: Checksum): string | undefined {
  if (said.rows !== stored.rows) return `${String(stored.rows)} rows of ${String(said.rows)} are stored`;
  if (said.count !== stored.count) return 'counts of histograms differ';
  if (said.zeroCount !== stored.zeroCount) return 'zero counts of histograms differ';
  if (said.buckets !== stored.buckets) return 'buckets of histograms differ';
  if (!isClose(said.value, stored.value)) return 'values of sums differ';
  return isClose(said.sum, stored.sum) ? undefined : 'sums of histograms differ';
}

function isClose(a: number, b: number): boolean {
  if (Number.isSafeInteger(a) && Number.isSafeInteger(b)) return a === b;
  return Math.abs(a - b) <= RELATIVE_ERROR * Math.max(Math.abs(a), Math.abs(b));
}
