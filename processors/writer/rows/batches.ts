import type { RowBinaryWriter } from '../../../common/clickhouse/row-binary.js';
import type { ReceivedMessage } from '../../../common/kafka/consumer.js';
import type { BatchHead } from '../../../common/wire/batch.js';
import { byKey } from '../identity.js';
import type { TableRows } from './table-rows.js';

/**
 * The batch as its row of the ledger. A message is stored whole or dead-lettered whole, so a batch that has a
 * row has all its points in `samples`, and none was rejected.
 */
export function batchRow(batch: BatchHead, message: ReceivedMessage, writer: RowBinaryWriter): TableRows {
  writer.string(batch.host.id);
  writer.int64(batch.windowStartMs);
  writer.int64(batch.windowEndMs);
  writer.uuid(batch.identity.run);
  writer.uint64(batch.identity.seq);
  writer.string(batch.host.name);
  writer.string(batch.host.region);
  writer.uint32(batch.observedMs);
  writer.array(batch.customers, (customer) => writer.string(customer));
  writer.uint8(batch.goodbye ? 1 : 0);
  writer.uint64(batch.ledger.emittedPoints);
  // A message that holds another number of points is refused.
  writer.uint64(batch.ledger.emittedPoints);
  writer.uint64(0);
  writer.map(Object.entries(batch.ledger.lost).sort(byKey), (count) => writer.uint64(count));
  writer.map(Object.entries(batch.ledger.unattributed).sort(byKey), (count) => writer.uint64(count));
  writer.uint32(message.partition);
  writer.uint64(message.offset);
  writer.int64(message.timestampMs);
  return { bytes: writer.take(), rows: 1 };
}
