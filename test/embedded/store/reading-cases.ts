import assert from 'node:assert/strict';
import { failure, freshTable, type StoreCase } from './case.js';

/** Queries by unmodified `@clickhouse/client`. */
export const READING_CASES: readonly StoreCase[] = [
  {
    name: 'ping, with and without a query',
    run: async (store) => {
      const client = store.client('reader');
      assert.equal((await client.ping()).success, true);
      assert.equal((await client.ping({ select: true })).success, true);
      await client.close();
    },
  },
  {
    name: 'query().json() in JSON and JSONEachRow',
    run: async (store) => {
      const client = store.client('reader');
      const query = 'SELECT number AS n, toString(number) AS s FROM numbers(3)';
      const document = await (await client.query({ query, format: 'JSON' })).json<{ n: string; s: string }>();
      assert.deepEqual(document.data.map((row) => [Number(row.n), row.s]), [[0, '0'], [1, '1'], [2, '2']]); // prettier-ignore
      const rows = await (await client.query({ query, format: 'JSONEachRow' })).json<{ n: string }>();
      assert.equal(rows.length, 3);
      await client.close();
    },
  },
  {
    name: 'query().stream() of 1,000,000 rows, each once',
    run: async (store) => {
      const client = store.client('reader');
      const result = await client.query({
        query: 'SELECT number AS n FROM numbers(1000000)',
        format: 'JSONCompactEachRow',
      });
      let count = 0;
      let sum = 0;
      for await (const rows of result.stream()) {
        count += rows.length;
        for (const row of rows) sum += Number(row.text.slice(1, -1));
      }
      assert.equal(count, 1_000_000);
      assert.equal(sum, 499_999_500_000);
      await client.close();
    },
  },
  {
    name: 'formats with a header keep it once (CSVWithNames, JSONCompactEachRowWithNamesAndTypes)',
    run: async (store) => {
      const client = store.client('reader');
      const query = 'SELECT number AS n FROM numbers(200000)';
      const csv = await (await client.query({ query, format: 'CSVWithNames' })).text();
      assert.equal(csv.split('\n').filter((line) => line.includes('n')).length, 1);
      assert.equal(csv.trimEnd().split('\n').length, 200_001);
      const compact = await client.query({ query, format: 'JSONCompactEachRowWithNamesAndTypes' });
      assert.equal((await compact.text()).trimEnd().split('\n').length, 200_002);
      await client.close();
    },
  },
  {
    name: 'query parameters of several types, with quotes, newlines and backslashes',
    run: async (store) => {
      const client = store.client('reader');
      const text = 'it\'s "quoted"\n\n\\ and {braces}; DROP TABLE x --';
      const result = await client.query({
        query:
          'SELECT {t:String} AS t, {n:UInt32} AS n, {a:Array(String)} AS a, {d:Date} AS d, {z:Nullable(String)} AS z',
        query_params: { t: text, n: 7, a: ['x', "y'"], d: '2024-02-29', z: null },
        format: 'JSONEachRow',
      });
      assert.deepEqual(await result.json(), [{ t: text, n: 7, a: ['x', "y'"], d: '2024-02-29', z: null }]);
      await client.close();
    },
  },
  {
    name: 'parameters of parallel queries do not mix',
    run: async (store) => {
      const client = store.client('reader');
      const one = async (value: number) => {
        const result = await client.query({
          query: 'SELECT {v:UInt32} AS v',
          query_params: { v: value },
          format: 'JSONEachRow',
        });
        assert.deepEqual(await result.json(), [{ v: value }]);
      };
      await Promise.all(Array.from({ length: 60 }, (_, index) => one(index)));
      await client.close();
    },
  },
  {
    name: 'per-query settings hold for that query',
    run: async (store) => {
      const client = store.client('reader');
      const result = await client.query({
        query: "SELECT getSetting('max_threads') AS threads, getSetting('session_timezone') AS zone",
        clickhouse_settings: { max_threads: 1, session_timezone: 'Europe/Athens' },
        format: 'JSONEachRow',
      });
      assert.deepEqual(await result.json(), [{ threads: 1, zone: 'Europe/Athens' }]);
      await client.close();
    },
  },
  {
    name: 'the database option, for reads and inserts',
    run: async (store) => {
      const table = await freshTable(store, 'id UInt64');
      const client = store.client('writer', { database: 'bellwether' });
      const bare = table.replace('bellwether.', '');
      await client.insert({ table: bare, values: [{ id: 5 }], format: 'JSONEachRow' });
      const result = await client.query({ query: `SELECT id FROM ${bare}`, format: 'TabSeparated' });
      assert.equal(await result.text(), '5\n');
      await client.close();
    },
  },
  {
    name: 'output settings, an insert-only setting and a session id from a read user',
    run: async (store) => {
      const client = store.client('reader', { session_id: 'a-session' });
      const result = await client.query({
        query: 'SELECT toUInt64(1) AS n',
        format: 'JSONEachRow',
        clickhouse_settings: { output_format_json_quote_64bit_integers: 1, wait_end_of_query: 1 },
      });
      assert.equal(await result.text(), '{"n":"1"}\n');
      const refused = client.query({ query: 'SELECT 1', clickhouse_settings: { insert_quorum: '2' } });
      assert.equal((await failure(refused)).type, 'READONLY');
      await client.close();
    },
  },
];
