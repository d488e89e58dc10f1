import { Readable } from 'node:stream';
import { connectClickHouse, type ClickHouseClient } from '../../../common/clickhouse/connection.js';
import type { Life } from './life.js';
import { ask } from './network.js';
import { readRows, type Row } from './rows.js';
import type { Simulation } from './simulation.js';
import type { SimStore } from './store.js';

/** Sends rows to a table; what a planted fault changes. */
export type Insert = (table: string, rows: readonly Row[]) => Promise<void>;

export function storeInsert(sim: Simulation, life: Life, store: SimStore): Insert {
  return (table, rows) => ask(sim, life, store, `insert into ${table}`, () => store.insert(table, rows));
}

const INSERT = /^INSERT INTO bellwether\.(\w+) \(([^)]*)\) FORMAT (RowBinary|Native)$/;

/** Never connects; made once, since that takes long. */
const UNCONNECTED = connectClickHouse({ url: 'http://u:p@127.0.0.1:1', application: 'model' });

/** A ClickHouse client whose INSERTs go to the simulated store. */
export function storeClient(insert: Insert): ClickHouseClient {
  const client = Object.create(UNCONNECTED) as ClickHouseClient;
  client.exec = async (request) => {
    const [, table, columns, format] = INSERT.exec(request.query) ?? [];
    if (table === undefined || columns === undefined || format === undefined || !('values' in request)) {
      throw new TypeError(`the model does not understand: ${request.query}`);
    }
    const chunks: Uint8Array[] = [];
    for await (const chunk of request.values as AsyncIterable<Uint8Array>) chunks.push(chunk);
    await insert(table, readRows(table, columns.split(', '), format, Buffer.concat(chunks)));
    return { stream: Readable.from([]), query_id: '', response_headers: {} };
  };
  return client;
}
