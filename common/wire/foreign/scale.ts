import { SCALE } from '../../histogram/bounds.js';
import { PointRefused } from './point.js';

/** Exponential buckets of another scale than ours, made ours without guessing. */

/** Sparse buckets, ascending by index; counts above 0. */
export interface SparseBuckets {
  readonly indexes: readonly number[];
  readonly counts: readonly number[];
}

/** Beyond these no double falls into any bucket. OpenTelemetry's SDKs go from -10 to 20. */
const LOWEST_SCALE = -11;
const HIGHEST_SCALE = 64;
/**
 * Exponents below the smallest normal double (SDKs count what is smaller as that one) and above the largest.
 * Among the subnormal ones bounds would fall together.
 */
const LOWEST_EXPONENT = -1_023;
const HIGHEST_EXPONENT = 1_024;

/** @throws PointRefused `buckets_invalid` when a bucket holds no number that there is. */
export function checkScale(scale: number, { indexes }: SparseBuckets): void {
  if (scale < LOWEST_SCALE || scale > HIGHEST_SCALE) {
    throw invalid(`the scale is ${scale}; right would be ${LOWEST_SCALE} to ${HIGHEST_SCALE}`);
  }
  const [lowest, end] = gridOf(scale, LOWEST_EXPONENT, HIGHEST_EXPONENT);
  for (const index of [indexes[0], indexes.at(-1)]) {
    if (index === undefined || (index >= lowest && index < end)) continue;
    throw invalid(
      `bucket ${index} of scale ${scale} holds no number; right would be ${lowest} to ${end - 1}`,
    );
  }
}

/**
 * Buckets of a finer scale as buckets of ours. Exact: 2^shift of them, all with the upper bound inclusive,
 * make up one of ours, so `index >> shift` is where their values would have been counted.
 */
export function scaleDown({ indexes, counts }: SparseBuckets, scale: number): SparseBuckets {
  if (scale === SCALE) return { indexes, counts };
  // Not >>, which would cut an index above 2^31; division by a power of two is exact.
  const width = 2 ** (scale - SCALE);
  const merged: { indexes: number[]; counts: number[] } = { indexes: [], counts: [] };
  for (const [i, index] of indexes.entries()) {
    const coarse = Math.floor(index / width);
    const count = counts[i] ?? 0;
    const last = merged.indexes.length - 1;
    if (merged.indexes[last] === coarse) merged.counts[last] = (merged.counts[last] ?? 0) + count;
    else {
      merged.indexes.push(coarse);
      merged.counts.push(count);
    }
  }
  return merged;
}

/** Buckets between explicit bounds: one count more than bounds. */
export interface ExplicitBuckets {
  readonly bounds: readonly number[];
  readonly counts: readonly number[];
}

/**
 * Exponents that the bounds of a coarse histogram run over: the first range that holds all its buckets. Fixed
 * ranges, because the bounds are part of a series' identity and a series must not end when a larger value
 * comes. The first goes from 2^-32 (0.2 ns in seconds) to 2^48 (256 TiB); the last holds every double.
 */
const RANGES = [
  [-32, 48],
  [-128, 128],
  [LOWEST_EXPONENT, HIGHEST_EXPONENT],
] as const;

/**
 * Buckets of a coarser scale as buckets between bounds of 2^(i * 2^-scale), nothing split and nothing merged.
 * The first one ends where the smallest bucket begins, so it holds the zeros and nothing else.
 */
export function explicitOf(buckets: SparseBuckets, scale: number, zeroCount: number): ExplicitBuckets {
  const first = buckets.indexes[0] ?? 0;
  const last = buckets.indexes.at(-1) ?? 0;
  const range = RANGES.findIndex(([low, high]) => {
    const [from, to] = gridOf(scale, low, high);
    return first >= from && last < to;
  });
  const grid = range === -1 ? RANGES.length - 1 : range;
  const { from, bounds } = boundsOf(scale, grid);
  const counts = new Array<number>(bounds.length + 1).fill(0);
  counts[0] = zeroCount;
  buckets.indexes.forEach((index, i) => (counts[index - from + 1] = buckets.counts[i] ?? 0));
  return { bounds, counts };
}

/** First and one beyond the last bucket index of a range of exponents. */
function gridOf(scale: number, low: number, high: number): [number, number] {
  const perDoubling = 2 ** scale;
  return [Math.floor(low * perDoubling), Math.ceil(high * perDoubling)];
}

interface Bounds {
  readonly from: number;
  readonly bounds: readonly number[];
}

/** By scale and range: 14 × 3 at most. */
const known = new Map<string, Bounds>();

function boundsOf(scale: number, range: number): Bounds {
  const key = `${scale} ${range}`;
  const before = known.get(key);
  if (before !== undefined) return before;
  const [low, high] = RANGES[range] ?? RANGES[0];
  const [from, to] = gridOf(scale, low, high);
  const bounds: number[] = [];
  for (let index = from; index <= to; index += 1) {
    const bound = 2 ** (index / 2 ** scale);
    // Above the largest double there is no bound: the last bucket is open.
    if (Number.isFinite(bound)) bounds.push(bound);
  }
  const made = { from, bounds: Object.freeze(bounds) };
  known.set(key, made);
  return made;
}

function invalid(detail: string): PointRefused {
  return new PointRefused('buckets_invalid', detail);
}
