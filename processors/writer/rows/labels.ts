import type { RowBinaryWriter } from '../../../common/clickhouse/row-binary.js';
import type { Point } from '../../../common/wire/batch.js';
import type { SeriesLabels } from '../../../common/wire/walk/signal-walker.js';
import { byKey } from '../identity.js';

const KIND_NUMBER: Readonly<Record<Point['kind'], number>> = { sum: 1, exponential_histogram: 2 };

/** The columns of a row of `samples` that are the same for all points of a series; they begin the row. */
export function writeLabels(writer: RowBinaryWriter, labels: SeriesLabels, series: bigint): void {
  const { host, owner, signal, kind, attributes } = labels;
  writer.string(owner.customer);
  writer.string(signal);
  writer.uint64(series);
  writer.int8(KIND_NUMBER[kind]);
  writer.string(host.region);
  writer.string(host.id);
  writer.string(owner.app);
  writer.string(owner.instance);
  writer.map(Object.entries(attributes).sort(byKey), (value) => writer.string(value));
}
