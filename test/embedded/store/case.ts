import assert from 'node:assert/strict';
import { ClickHouseError } from '@clickhouse/client';
import type { StoreUnderTest } from './running-store.js';

/** A query that would run for minutes: no result before its end, so only a cancel ends it. */
export const LONG_QUERY = 'SELECT max(sipHash64(number)) FROM numbers(100000000000)';

/** One thing that the store must do, tried on a running store. Throws when it does not. */
export interface StoreCase {
  readonly name: string;
  run(store: StoreUnderTest): Promise<void>;
}

let tables = 0;

/** Makes a table with a name of its own and gives the name. */
export async function freshTable(
  store: StoreUnderTest,
  columns: string,
  orderBy = 'tuple()',
): Promise<string> {
  tables += 1;
  const table = `bellwether.case_${process.pid}_${tables}`;
  const reply = await store.send(
    'admin',
    `CREATE TABLE ${table} (${columns}) ENGINE = MergeTree ORDER BY ${orderBy}`,
  );
  if (reply.status !== 200) throw new Error(reply.text);
  return table;
}

/** The answer of one query as text, without its last newline. */
export async function ask(store: StoreUnderTest, sql: string): Promise<string> {
  const reply = await store.send('admin', sql);
  if (reply.status !== 200) throw new Error(reply.text);
  return reply.text.trimEnd();
}

/** All that a stream holds. */
export async function drain(stream: AsyncIterable<unknown>): Promise<Buffer> {
  const pieces: Buffer[] = [];
  for await (const piece of stream) {
    assert.ok(Buffer.isBuffer(piece));
    pieces.push(piece);
  }
  return Buffer.concat(pieces);
}

/** The error with which it fails, as the client reads it. */
export async function failure(work: Promise<unknown>): Promise<ClickHouseError> {
  const error: unknown = await work.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  assert.ok(error instanceof ClickHouseError, `a ClickHouseError was expected, not ${String(error)}`);
  return error;
}

export const countAndSum = (store: StoreUnderTest, table: string) =>
  ask(store, `SELECT count(), sum(id) FROM ${table}`);
