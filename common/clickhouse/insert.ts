import { Readable } from 'node:stream';
import { DATABASE, type ClickHouseClient } from './connection.js';

export interface RowBinaryInsert {
  readonly table: string;
  readonly columns: readonly string[];
  /** Bodies of rows, one after the other. */
  readonly chunks: readonly Uint8Array[];
}

/**
 * Inserts rows as one INSERT; resolves when the store has them. After an error they may be in or not:
 * sending them again must be harmless, which the tables' keys see to.
 * `insert_deduplicate` is off: ClickHouse's own token machinery can lose rows when it is killed (decision record).
 */
export async function insertRowBinary(client: ClickHouseClient, insert: RowBinaryInsert): Promise<void> {
  if (insert.chunks.length === 0) return;
  const { stream } = await client.exec({
    query: `INSERT INTO ${DATABASE}.${insert.table} (${insert.columns.join(', ')}) FORMAT RowBinary`,
    values: Readable.from(insert.chunks, { objectMode: false }),
    clickhouse_settings: { insert_deduplicate: 0, async_insert: 0 },
  });
  // The answer has no body; it must be read to its end all the same, or the socket is not given back.
  stream.resume();
  await new Promise<void>((resolve, reject) => {
    stream.once('end', resolve);
    stream.once('close', resolve);
    stream.once('error', reject);
  });
}
