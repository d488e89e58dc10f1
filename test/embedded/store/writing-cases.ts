import assert from 'node:assert/strict';
import { Readable } from 'node:stream';
import { gzipSync } from 'node:zlib';
import { PASSWORD } from '../../support/store.js';
import { ask, countAndSum, drain, freshTable, type StoreCase } from './case.js';

/** RowBinary of (UInt64, String), and the sum of its ids. */
function rowBinary(rows: number, text: string): Buffer {
  const value = Buffer.from(text);
  assert.ok(value.length < 128, 'one length byte');
  const row = Buffer.alloc(9 + value.length);
  row[8] = value.length;
  value.copy(row, 9);
  const all = Buffer.alloc(rows * row.length);
  for (let index = 0; index < rows; index += 1) {
    row.writeBigUInt64LE(BigInt(index), 0);
    row.copy(all, index * row.length);
  }
  return all;
}

/** Inserts by unmodified `@clickhouse/client`, and compression both ways. */
export const WRITING_CASES: readonly StoreCase[] = [
  {
    name: 'insert of objects and of a stream in JSONEachRow, with its summary',
    run: async (store) => {
      const table = await freshTable(store, "id UInt64, s String DEFAULT 'd'");
      const client = store.client('writer');
      const first = await client.insert({
        table,
        values: [{ id: 1, s: 'a' }, { id: 2 }],
        format: 'JSONEachRow',
      });
      assert.equal(first.summary?.written_rows, '2');
      const stream = Readable.from(Array.from({ length: 1_000 }, (_, id) => ({ id })));
      await client.insert({ table, values: stream, format: 'JSONEachRow', columns: ['id'] });
      assert.equal(await countAndSum(store, table), `1002\t${3 + 499_500}`);
      assert.equal(await ask(store, `SELECT countIf(s = 'd') FROM ${table}`), '1001');
      await client.close();
    },
  },
  {
    name: 'insert of 100,000 rows in RowBinary through exec with a stream of values',
    run: async (store) => {
      const table = await freshTable(store, 'id UInt64, s String', 'id');
      const client = store.client('writer');
      const bytes = rowBinary(100_000, 'some text');
      const pieces = Array.from({ length: 100 }, (_, part) =>
        bytes.subarray((part * bytes.length) / 100, ((part + 1) * bytes.length) / 100),
      );
      const result = await client.exec({
        query: `INSERT INTO ${table} (id, s) FORMAT RowBinary`,
        values: Readable.from(pieces, { objectMode: false }),
      });
      await drain(result.stream);
      assert.equal(result.summary?.written_rows, '100000');
      assert.equal(await countAndSum(store, table), '100000\t4999950000');
      assert.equal(await ask(store, `SELECT groupUniqArray(s) FROM ${table}`), "['some text']");
      await client.close();
    },
  },
  {
    name: 'insert in Native, read back byte for byte',
    run: async (store) => {
      const table = await freshTable(store, 'id UInt64, s String', 'id');
      const client = store.client('writer');
      const source = await client.exec({
        query:
          "SELECT number AS id, concat('row ', toString(number), '\\n\\n') AS s FROM numbers(50000) FORMAT Native",
      });
      const native = await drain(source.stream);
      const insert = await client.exec({
        query: `INSERT INTO ${table} FORMAT Native`,
        values: Readable.from([native], { objectMode: false }),
      });
      await drain(insert.stream);
      assert.equal(await countAndSum(store, table), '50000\t1249975000');
      assert.equal(
        await ask(store, `SELECT countIf(s = concat('row ', toString(id), '\\n\\n')) FROM ${table}`),
        '50000',
      );
      await client.close();
    },
  },
  {
    name: 'INSERT … VALUES and INSERT … FORMAT with the data in the query text',
    run: async (store) => {
      const table = await freshTable(store, 'id UInt64, s String');
      const client = store.client('writer');
      await client.command({ query: `INSERT INTO ${table} VALUES (1, 'a;b'), (1 + 1, upper('x'))` });
      await client.command({
        query: `INSERT INTO ${table} FORMAT JSONEachRow\n{"id": 3, "s": "c"}\n{"id": 4}`,
      });
      assert.equal(await countAndSum(store, table), '4\t10');
      await client.close();
    },
  },
  {
    name: 'INSERT … SELECT, also after WITH',
    run: async (store) => {
      const table = await freshTable(store, 'id UInt64');
      const client = store.client('writer');
      await client.command({ query: `INSERT INTO ${table} SELECT number FROM numbers(1000)` });
      await client.command({ query: `WITH 7 AS x INSERT INTO ${table} SELECT x` });
      assert.equal(await countAndSum(store, table), '1001\t499507');
      await client.close();
    },
  },
  {
    name: 'gzip of requests and of responses',
    run: async (store) => {
      const table = await freshTable(store, 'id UInt64');
      const client = store.client('writer', { compression: { request: true, response: true } });
      await client.insert({
        table,
        values: Array.from({ length: 5_000 }, (_, id) => ({ id })),
        format: 'JSONEachRow',
      });
      const result = await client.query({ query: `SELECT id FROM ${table}`, format: 'JSONEachRow' });
      assert.equal(result.response_headers['content-encoding'], 'gzip');
      assert.equal((await result.json()).length, 5_000);
      await client.close();
    },
  },
  {
    name: 'zstd is refused in clear words, gzip from curl is taken',
    run: async (store) => {
      const table = await freshTable(store, 'id UInt64');
      const address = `http://127.0.0.1:${store.port}/?query=${encodeURIComponent(`INSERT INTO ${table} FORMAT CSV`)}`;
      const head = { 'X-ClickHouse-User': 'writer', 'X-ClickHouse-Key': PASSWORD };
      const post = (encoding: string, body: Buffer) =>
        fetch(address, {
          method: 'POST',
          headers: { ...head, 'Content-Encoding': encoding },
          body: new Uint8Array(body),
        });
      const zstd = await post('zstd', Buffer.from('x'));
      assert.equal(zstd.headers.get('x-clickhouse-exception-code'), '89');
      assert.match(await zstd.text(), /Content-Encoding zstd: use gzip.*\(UNKNOWN_COMPRESSION_METHOD\)/);
      assert.equal((await post('gzip', gzipSync('1\n2\n3\n'))).status, 200);
      assert.equal(await countAndSum(store, table), '3\t6');
    },
  },
];
