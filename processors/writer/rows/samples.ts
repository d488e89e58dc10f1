import { mergeHistograms } from '../../../common/histogram/exponential-histogram.js';
import { BellwetherError } from '../../../common/runtime/errors.js';
import type { Point, SignalBatch } from '../../../common/wire/batch.js';
import type { SeriesHasher } from '../identity.js';
import { RowLabel } from './row-label.js';
import { SampleRowsBuilder, type SampleRows } from './sample-rows.js';

/** What a UInt64 column does not hold. */
const TOO_MANY = 2 ** 64;

/**
 * The batch's points as rows of `samples`. Points that fall on the same key are merged first: two rows with
 * one key would replace each other.
 */
export function sampleRows(batch: SignalBatch, hasher: SeriesHasher): SampleRows {
  const builder = new SampleRowsBuilder();
  for (const [series, point] of mergeBySeries(batch, hasher)) {
    const label = new RowLabel({ ...point, host: batch.host }, series);
    checkTotals(point);
    if (point.kind === 'sum') builder.sum(label, point.value);
    else builder.histogram(label, { ...point, buckets: point.bucketIndexes.length });
  }
  return builder.take(batch);
}

function mergeBySeries(batch: SignalBatch, hasher: SeriesHasher): Map<bigint, Point> {
  const bySeries = new Map<bigint, Point>();
  for (const point of batch.points) {
    const series = hasher.seriesOf(batch.host.id, point);
    const before = bySeries.get(series);
    bySeries.set(series, before === undefined ? point : merge(before, point));
  }
  return bySeries;
}

/** Both are of one series, so of one kind. */
function merge(a: Point, b: Point): Point {
  if (a.kind === 'sum') return b.kind === 'sum' ? { ...a, value: a.value + b.value } : a;
  return b.kind === 'sum' ? a : { ...a, ...mergeHistograms([a, b]) };
}

/** Each point was checked; together they may be more than a column holds. */
function checkTotals(point: Point): void {
  const total = point.kind === 'sum' ? point.value : point.sum;
  const values = point.kind === 'sum' ? 0 : point.count;
  if (Number.isFinite(total) && values < TOO_MANY) return;
  const what = Number.isFinite(total)
    ? `${values} values, at most 2^64 - 1 are taken`
    : `${total}, not a number`;
  throw new BellwetherError('message_invalid', `points of ${point.signal} add up to ${what}`);
}
