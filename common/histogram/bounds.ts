/**
 * The bounds of the scale-3 exponential histogram over seconds, as integers of nanoseconds.
 * Bucket i holds (2^(i/8), 2^((i+1)/8)] s. 10^9 is no power of 2^(1/8), so an index taken from
 * nanoseconds by a shift would be off by a fraction of a bucket: the table is what makes kernel,
 * agent and reader agree.
 */
export const SCALE = 3;
/** The bucket that 1 ns falls into. */
export const MIN_INDEX = -240;
/** The bucket that ends at 2^10 = 1,024 s. */
export const MAX_INDEX = 79;
export const BUCKET_COUNT = MAX_INDEX - MIN_INDEX + 1;

const BUCKETS_PER_DOUBLING = 2 ** SCALE;
const NANOSECONDS_TO_THE_EIGHTH = 10n ** 72n;

/** Whether `nanoseconds` ≤ 2^((index+1)/8) s, in exact arithmetic (both sides to the eighth power). */
export function isAtMostUpperBound(nanoseconds: bigint, index: number): boolean {
  const exponent = index + 1;
  const left = nanoseconds ** 8n;
  return exponent >= 0
    ? left <= NANOSECONDS_TO_THE_EIGHTH << BigInt(exponent)
    : left << BigInt(-exponent) <= NANOSECONDS_TO_THE_EIGHTH;
}

/** The largest whole number of nanoseconds that bucket `index` holds. */
function upperBoundNanoseconds(index: number): bigint {
  let low = 0n;
  let high = 1n << 41n; // above 1,024 s
  while (low < high) {
    const middle = (low + high + 1n) >> 1n;
    if (isAtMostUpperBound(middle, index)) low = middle;
    else high = middle - 1n;
  }
  return low;
}

/**
 * `UPPER_BOUNDS_NS[k]` is the largest whole number of nanoseconds in bucket `MIN_INDEX + k`.
 * Equal neighbours at the small end are buckets that no whole nanosecond falls into.
 * All are below 2^53, so numbers hold them exactly.
 */
export const UPPER_BOUNDS_NS: readonly number[] = Object.freeze(
  Array.from({ length: BUCKET_COUNT }, (_, k) => Number(upperBoundNanoseconds(MIN_INDEX + k))),
);

/**
 * The bucket of a duration in whole nanoseconds.
 * @returns undefined for 0 (the zero bucket's) and for more than 1,024 s (counted as lost where it is met).
 */
export function bucketIndexOfNanoseconds(nanoseconds: number): number | undefined {
  if (nanoseconds <= 0) return undefined;
  let low = 0;
  let high = BUCKET_COUNT;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((UPPER_BOUNDS_NS[middle] ?? 0) >= nanoseconds) high = middle;
    else low = middle + 1;
  }
  return low === BUCKET_COUNT ? undefined : MIN_INDEX + low;
}

/** Upper bound of bucket `index`, seconds. */
export function upperBoundSeconds(index: number): number {
  return 2 ** ((index + 1) / BUCKETS_PER_DOUBLING);
}

/** The value that stands for bucket `index`, seconds: its geometric middle, at most 4.4 % from all that it holds. */
export function middleSeconds(index: number): number {
  return 2 ** ((index + 0.5) / BUCKETS_PER_DOUBLING);
}
