import { Readable } from 'node:stream';
import { DATABASE, type ClickHouseClient } from './connection.js';

export interface RowsInsert {
  readonly table: string;
  readonly columns: readonly string[];
  /** Bodies of rows (RowBinary) or of blocks (Native), one after the other. */
  readonly chunks: readonly Uint8Array[];
}

const SETTINGS = {
  // ClickHouse's own token machinery can lose rows when it is killed (decision record).
  insert_deduplicate: 0,
  async_insert: 0,
  // Else a Replacing- or SummingMergeTree merges the rows of each insert row by row before it writes them: 3 µs a
  // row, more than all else that it does. Equal keys become one when parts are merged and are read with FINAL.
  optimize_on_insert: 0,
} as const;

/**
 * Inserts rows as one INSERT; resolves when the store has them. After an error they may be in or not:
 * sending them again must be harmless, which the tables' keys see to.
 */
export async function insertRowBinary(client: ClickHouseClient, insert: RowsInsert): Promise<void> {
  await insertAs(client, insert, 'RowBinary');
}

/** {@link insertRowBinary} of what `nativeBlock` made. */
export async function insertNative(client: ClickHouseClient, insert: RowsInsert): Promise<void> {
  await insertAs(client, insert, 'Native');
}

async function insertAs(client: ClickHouseClient, insert: RowsInsert, format: string): Promise<void> {
  if (insert.chunks.length === 0) return;
  const { stream } = await client.exec({
    query: `INSERT INTO ${DATABASE}.${insert.table} (${insert.columns.join(', ')}) FORMAT ${format}`,
    values: Readable.from(insert.chunks, { objectMode: false }),
    clickhouse_settings: SETTINGS,
  });
  // The answer has no body; it must be read to its end all the same, or the socket is not given back.
  stream.resume();
  await new Promise<void>((resolve, reject) => {
    stream.once('end', resolve);
    stream.once('close', resolve);
    stream.once('error', reject);
  });
}
