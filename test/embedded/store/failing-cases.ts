import assert from 'node:assert/strict';
import { Readable } from 'node:stream';
import { until } from '../../support/until.js';
import { ask, countAndSum, failure, freshTable, LONG_QUERY, type StoreCase } from './case.js';

/** Errors, cancels and load, as unmodified `@clickhouse/client` sees them. */
export const FAILING_CASES: readonly StoreCase[] = [
  {
    name: 'errors carry code and type: syntax, unknown table, bad row, limit',
    run: async (store) => {
      const table = await freshTable(store, 'id UInt64');
      const client = store.client('writer');
      const of = async (work: Promise<unknown>) => {
        const { code, type } = await failure(work);
        return `${code} ${type}`;
      };
      assert.equal(await of(client.query({ query: 'SELECT (1' })), '62 SYNTAX_ERROR');
      assert.equal(await of(client.query({ query: 'SELECT * FROM bellwether.absent' })), '60 UNKNOWN_TABLE');
      const row = client.insert({ table, values: [{ id: 'no number' }], format: 'JSONEachRow' });
      assert.equal(await of(row), '27 CANNOT_PARSE_INPUT_ASSERTION_FAILED');
      const limited = client.query({
        query: 'SELECT number FROM numbers(1000)',
        clickhouse_settings: { max_result_rows: '10' },
      });
      assert.equal(await of(limited), '396 TOO_MANY_ROWS_OR_BYTES');
      assert.equal(await countAndSum(store, table), '0\t0');
      await client.close();
    },
  },
  {
    name: 'the header X-ClickHouse-Exception-Code and the text of the error',
    run: async (store) => {
      const reply = await store.send('reader', 'SELECT * FROM bellwether.absent');
      assert.equal(reply.status, 404);
      assert.equal(reply.code, '60');
      assert.match(reply.text, /^Code: 60\. DB::Exception: .*\(UNKNOWN_TABLE\)\n$/s);
    },
  },
  {
    name: 'a wrong password and an unknown user get the same answer',
    run: async (store) => {
      const messages: string[] = [];
      for (const username of ['reader', 'nobody']) {
        const url = `http://127.0.0.1:${store.port}`;
        const client = store.client('reader', { url, username, password: 'wrong' });
        const error = await failure(client.query({ query: 'SELECT 1' }));
        assert.equal(`${error.code} ${error.type}`, '516 AUTHENTICATION_FAILED');
        messages.push(error.message.replace(username, ''));
        await client.close();
      }
      assert.equal(messages[0], messages[1]);
    },
  },
  {
    name: 'an error after the first rows breaks the answer off: never a short result',
    run: async (store) => {
      const client = store.client('reader');
      const result = await client.query({
        query: "SELECT throwIf(number = 900000, 'late') AS n FROM numbers(1000000)",
        format: 'JSONEachRow',
        clickhouse_settings: { max_block_size: '10000', max_threads: 1 },
      });
      let rows = 0;
      await assert.rejects(async () => {
        for await (const some of result.stream()) rows += some.length;
      });
      assert.ok(rows < 1_000_000);
      await client.close();
    },
  },
  {
    name: 'an insert refused while its body is still on its way gets the error, not a reset',
    run: async (store) => {
      const piece = Buffer.alloc(65_536, 0x31);
      const client = store.client('writer', { compression: { request: false } });
      const insert = client.exec({
        query: 'INSERT INTO bellwether.absent FORMAT RowBinary',
        values: Readable.from(
          (function* () {
            for (let index = 0; index < 500; index += 1) yield piece;
          })(),
          { objectMode: false },
        ),
      });
      assert.equal((await failure(insert)).type, 'UNKNOWN_TABLE');
      assert.equal((await client.ping()).success, true);
      await client.close();
    },
  },
  {
    name: 'a client that goes away ends its query in system.processes',
    run: async (store) => {
      const client = store.client('writer');
      const aborter = new AbortController();
      const running = client.query({ query: LONG_QUERY, abort_signal: aborter.signal });
      const seen = `SELECT count() FROM system.processes WHERE startsWith(query, '${LONG_QUERY}')`;
      const settled = running.then(
        () => 'answered',
        () => 'aborted',
      );
      await until('the query is running', async () => (await ask(store, seen)) === '1', 5_000);
      aborter.abort();
      assert.equal(await settled, 'aborted');
      await until('the query has ended', async () => (await ask(store, seen)) === '0', 3_000);
      await client.close();
    },
  },
  {
    name: 'a long query holds up neither an insert nor a read nor /ping',
    run: async (store) => {
      const table = await freshTable(store, 'id UInt64');
      const client = store.client('writer');
      const aborter = new AbortController();
      // The second runs in the analysis of the query, where a scalar subquery is computed.
      const queries = [LONG_QUERY, `SELECT (${LONG_QUERY}) FORMAT JSONEachRow`];
      const running = queries.map((query) => client.exec({ query, abort_signal: aborter.signal }));
      const settled = Promise.allSettled(running);
      const count = `SELECT count() FROM system.processes WHERE query LIKE '%sipHash64%' AND query NOT LIKE '%processes%'`;
      await until('both run', async () => Number(await ask(store, count)) >= 2, 5_000);
      const start = performance.now();
      await client.insert({ table, values: [{ id: 1 }], format: 'JSONEachRow' });
      assert.equal(await countAndSum(store, table), '1\t1');
      assert.equal((await fetch(`http://127.0.0.1:${store.port}/ping`)).status, 200);
      const elapsed = performance.now() - start;
      aborter.abort();
      await settled;
      await client.close();
      assert.ok(elapsed < 2_000, `insert, read and ping took ${elapsed.toFixed(0)} ms`);
    },
  },
];
