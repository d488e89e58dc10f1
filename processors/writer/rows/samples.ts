import type { RowBinaryWriter } from '../../../common/clickhouse/row-binary.js';
import { mergeHistograms } from '../../../common/histogram/exponential-histogram.js';
import { BellwetherError } from '../../../common/runtime/errors.js';
import type { BatchHead, Point, SignalBatch } from '../../../common/wire/batch.js';
import { sourceOf, type SeriesHasher } from '../identity.js';
import { writeLabels } from './labels.js';
import type { TableRows } from './table-rows.js';

/**
 * The batch's points as rows of `samples`. Points that fall on the same key are merged first: two rows with
 * one key would replace each other.
 */
export function sampleRows(batch: SignalBatch, hasher: SeriesHasher, writer: RowBinaryWriter): TableRows {
  const source = sourceOf(batch.identity);
  const bySeries = mergeBySeries(batch, hasher);
  for (const [series, point] of bySeries) {
    writeLabels(writer, { ...point, host: batch.host }, series);
    writeWindow(writer, batch, source);
    writeValues(writer, point);
  }
  return { bytes: writer.take(), rows: bySeries.size };
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

/** The columns that are the same for all rows of a message. */
export function writeWindow(writer: RowBinaryWriter, head: BatchHead, source: bigint): void {
  writer.int64(head.windowStartMs);
  writer.uint64(source);
  writer.uint32(head.windowEndMs - head.windowStartMs);
}

function writeValues(writer: RowBinaryWriter, point: Point): void {
  const histogram = point.kind === 'sum' ? undefined : point;
  const total = point.kind === 'sum' ? point.value : point.sum;
  if (!Number.isFinite(total)) {
    throw new BellwetherError(
      'message_invalid',
      `points of ${point.signal} add up to ${total}, not a number`,
    );
  }
  writer.float64(point.kind === 'sum' ? point.value : 0);
  writer.uint64(histogram?.count ?? 0);
  writer.float64(histogram?.sum ?? 0);
  writer.uint64(histogram?.zeroCount ?? 0);
  writer.array(histogram?.bucketIndexes ?? [], (index) => writer.int16(index));
  writer.array(histogram?.bucketCounts ?? [], (count) => writer.uint64(count));
}
