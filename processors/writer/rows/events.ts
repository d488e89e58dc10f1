import type { RowBinaryWriter } from '../../../common/clickhouse/row-binary.js';
import type { EventBatch } from '../../../common/wire/batch.js';
import { sourceOf } from '../identity.js';
import type { TableRows } from './table-rows.js';

/** The sampled drops of a batch as rows of `events`; the place in the message ends the key. */
export function eventRows(batch: EventBatch, writer: RowBinaryWriter): TableRows {
  const source = sourceOf(batch.identity);
  for (const [position, event] of batch.events.entries()) {
    writer.string(event.owner.customer);
    writer.int64(event.timeUnixNano);
    writer.uint64(source);
    writer.uint32(position);
    writer.string(batch.host.region);
    writer.string(batch.host.id);
    writer.string(event.owner.app);
    writer.string(event.owner.instance);
    writer.string(event.reason);
    writer.string(event.cause);
    writer.string(event.fault);
    writer.string(event.place);
    writer.string(event.way);
    writer.string(event.protocol);
    writer.string(event.sourceAddress);
    writer.uint16(event.sourcePort);
    writer.string(event.destinationAddress);
    writer.uint16(event.destinationPort);
    writer.uint32(event.lengthBytes);
    writer.string(event.interfaceName);
  }
  return { bytes: writer.take(), rows: batch.events.length };
}
