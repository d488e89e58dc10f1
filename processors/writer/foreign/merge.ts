import { mergeHistograms } from '../../../common/histogram/exponential-histogram.js';
import { BellwetherError } from '../../../common/runtime/errors.js';
import type { ForeignPoint } from '../../../common/wire/foreign/index.js';
import type { ForeignSeriesHasher } from './series.js';

export interface SeriesPoint {
  readonly series: bigint;
  readonly point: ForeignPoint;
}

/**
 * One point for each series and time: two rows with one key would replace each other. Deltas are added; of
 * several observations of one moment the last in the message counts.
 * @throws BellwetherError `message_invalid` when deltas add up to no number.
 */
export function mergeBySeries(points: readonly ForeignPoint[], hasher: ForeignSeriesHasher): SeriesPoint[] {
  const merged = new Map<string, SeriesPoint>();
  for (const point of points) {
    const series = hasher.seriesOf(point);
    const key = `${series} ${point.timeMs}`;
    const before = merged.get(key);
    merged.set(key, { series, point: before === undefined ? point : merge(before.point, point) });
  }
  return [...merged.values()];
}

/** Both are of one series, so of one kind and between the same bounds. */
function merge(a: ForeignPoint, b: ForeignPoint): ForeignPoint {
  if (a.kind === 'gauge' || a.kind.startsWith('cumulative_')) return b;
  const buckets =
    a.bounds.length === 0 && a.kind !== 'histogram'
      ? mergeHistograms([a, b])
      : {
          count: a.count + b.count,
          sum: a.sum + b.sum,
          zeroCount: a.zeroCount + b.zeroCount,
          bucketCounts: a.bucketCounts.map((count, i) => count + (b.bucketCounts[i] ?? 0)),
        };
  const value = a.value + b.value;
  if (!Number.isFinite(value) || !Number.isFinite(buckets.sum)) {
    throw new BellwetherError('message_invalid', `points of ${a.metric} add up to more than a number holds`);
  }
  return { ...a, ...buckets, value, windowMs: Math.max(a.windowMs, b.windowMs) };
}
