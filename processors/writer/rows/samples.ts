import type { RowBinaryWriter } from '../../../common/clickhouse/row-binary.js';
import { mergeHistograms } from '../../../common/histogram/exponential-histogram.js';
import { BellwetherError } from '../../../common/runtime/errors.js';
import type { Point, SignalBatch } from '../../../common/wire/batch.js';
import { byKey, sourceOf, type SeriesHasher } from '../identity.js';
import type { TableRows } from './table-rows.js';

const KIND_NUMBER = { sum: 1, exponential_histogram: 2 } as const;

/**
 * The batch's points as rows of `samples`. Points that fall on the same key are merged first: two rows with
 * one key would replace each other.
 */
export function sampleRows(batch: SignalBatch, hasher: SeriesHasher, writer: RowBinaryWriter): TableRows {
  const source = sourceOf(batch.identity);
  const bySeries = mergeBySeries(batch, hasher);
  for (const [series, point] of bySeries) writeRow(writer, batch, series, source, point);
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

function writeRow(
  writer: RowBinaryWriter,
  batch: SignalBatch,
  series: bigint,
  source: bigint,
  point: Point,
): void {
  writer.string(point.owner.customer);
  writer.string(point.signal);
  writer.uint64(series);
  writer.int64(batch.windowStartMs);
  writer.uint64(source);
  writer.uint32(batch.windowEndMs - batch.windowStartMs);
  writer.int8(KIND_NUMBER[point.kind]);
  writeValues(writer, point);
  writer.string(batch.host.region);
  writer.string(batch.host.id);
  writer.string(point.owner.app);
  writer.string(point.owner.instance);
  writer.map(Object.entries(point.attributes).sort(byKey), (value) => writer.string(value));
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
