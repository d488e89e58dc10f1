import type { RowBinaryWriter } from '../../../common/clickhouse/row-binary.js';
import { FOREIGN_KINDS, type ForeignKind } from '../../../common/wire/foreign/index.js';
import type { TableRows } from '../rows/table-rows.js';
import type { SeriesPoint } from './merge.js';

/** As in the column's Enum8, which counts from 1 in the same order. */
const KIND_NUMBERS: ReadonlyMap<ForeignKind, number> = new Map(
  FOREIGN_KINDS.map((kind, position) => [kind, position + 1]),
);

/** Rows of `samples` with the columns that only points of others need (`COLUMNS.foreign`). */
export function foreignRows(
  points: readonly SeriesPoint[],
  source: bigint,
  writer: RowBinaryWriter,
): TableRows {
  for (const { series, point } of points) {
    writer.string(point.origin.customer);
    writer.string(point.metric);
    writer.uint64(series);
    writer.int8(KIND_NUMBERS.get(point.kind) ?? 0);
    writer.string(point.origin.region);
    writer.string(point.origin.host);
    writer.string(point.origin.app);
    writer.string(point.origin.instance);
    writer.map(point.attributes, (value) => writer.string(value));
    writer.string(point.unit);
    writer.array(point.bounds, (bound) => writer.float64(bound));
    writer.int64(point.timeMs);
    writer.int64(point.startMs);
    writer.uint64(source);
    writer.uint32(point.windowMs);
    writer.float64(point.value);
    writer.uint64(point.count);
    writer.float64(point.sum);
    writer.uint64(point.zeroCount);
    writer.array(point.bucketIndexes, (index) => writer.int16(index));
    writer.array(point.bucketCounts, (count) => writer.uint64(count));
  }
  return { bytes: writer.take(), rows: points.length };
}
