import type { RowBinaryWriter } from '../../../common/clickhouse/row-binary.js';
import type { TableRows } from './table-rows.js';

/** One row for each minute that a flush wrote to: who rolls up and who reads sees by their sum that it changed. */
export function touchRows(minutes: Iterable<number>, writer: RowBinaryWriter): TableRows {
  let rows = 0;
  for (const minuteMs of minutes) {
    writer.uint32(minuteMs / 1_000);
    writer.uint64(1);
    rows += 1;
  }
  return { bytes: writer.take(), rows };
}
