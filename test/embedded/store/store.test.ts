import assert from 'node:assert/strict';
import { request } from 'node:http';
import { after, before, describe, test } from 'node:test';
import {
  FORBIDDEN_TABLE_FUNCTIONS,
  JUDGED_TABLE_FUNCTIONS,
  SAFE_TABLE_FUNCTIONS,
} from '../../../embedded/store/sql/forbidden.js';
import { line } from '../../../schema/migrations/0001-line.js';
import { PASSWORD } from '../../support/store.js';
import { until } from '../../support/until.js';
import { ask, freshTable, LONG_QUERY } from './case.js';
import { startStoreUnderTest, type StoreUnderTest } from './running-store.js';
import { DEFAULT_RETENTION } from '../../../schema/migrations/migration.js';

const head = (who: string) => ({ 'X-ClickHouse-User': who, 'X-ClickHouse-Key': PASSWORD });

describe('a store with room for one of each', () => {
  let store: StoreUnderTest;
  before(async () => {
    store = await startStoreUnderTest({
      BELLWETHER_STORE_READS: '1',
      BELLWETHER_STORE_STATEMENTS: '1',
      BELLWETHER_STORE_INSERTS: '1',
      BELLWETHER_STORE_QUEUE: '1',
      BELLWETHER_STORE_READ_RESULT_ROWS: '1000',
      BELLWETHER_STORE_READ_ROWS: '5000000',
    });
    await ask(store, 'CREATE DATABASE IF NOT EXISTS bellwether');
  });
  after(() => store.stop());

  test('the schema of the line passes the gate and is Atomic', async () => {
    const settings = { database: 'bellwether', ...DEFAULT_RETENTION };
    for (const statement of line.statements(settings)) await ask(store, statement);
    assert.equal(await ask(store, "SELECT engine FROM system.databases WHERE name = 'bellwether'"), 'Atomic');
    assert.equal(await ask(store, "SELECT count() FROM system.tables WHERE database = 'bellwether'"), '7');
  });

  test('every table function of this engine is known to the gate, as safe or as forbidden', async () => {
    const names = (await ask(store, 'SELECT name FROM system.table_functions ORDER BY name')).split('\n');
    assert.ok(names.length > 50);
    const known = new Set<string>([
      ...SAFE_TABLE_FUNCTIONS,
      ...FORBIDDEN_TABLE_FUNCTIONS,
      ...JUDGED_TABLE_FUNCTIONS,
    ]);
    assert.deepEqual(
      names.filter((name) => !known.has(name)),
      [],
    );
  });

  test('rights in the engine itself: no source outside the database, one engine for all users', async () => {
    const grants = await ask(store, 'SHOW GRANTS');
    assert.doesNotMatch(grants, /FILE|URL|REMOTE|SHUTDOWN|BACKUP|DICTIONARY|FUNCTION/);
    assert.equal(await ask(store, 'SELECT timezone()'), 'UTC');
    const fsync = "SELECT value FROM system.merge_tree_settings WHERE name = 'fsync_after_insert'";
    assert.equal(await ask(store, fsync), '1');
  });

  test('one runs, one waits, the next is refused with 503 and code 202, and inserts go on', async () => {
    const table = await freshTable(store, 'id UInt64');
    const aborters = [new AbortController(), new AbortController()];
    const address = `http://127.0.0.1:${store.port}/`;
    const waiting: Promise<unknown>[] = [];
    for (const [index, { signal }] of aborters.entries()) {
      const sent = fetch(address, { method: 'POST', headers: head('writer'), body: LONG_QUERY, signal });
      waiting.push(sent.catch(() => undefined));
      const gauge = index === 0 ? 'running' : 'waiting';
      await until(
        gauge,
        async () => (await metric(store, `bellwether_store_${gauge}{lane="reads"}`)) === 1,
        5_000,
      );
    }
    const refused = await store.send('reader', 'SELECT 1');
    assert.deepEqual([refused.status, refused.code], [503, '202']);
    assert.match(refused.text, /TOO_MANY_SIMULTANEOUS_QUERIES/);
    assert.equal(await metric(store, 'bellwether_store_refused_total{lane="reads"}'), 1);
    const insert = await store.send('writer', '1\n', { query: `INSERT INTO ${table} FORMAT CSV` });
    assert.equal(insert.status, 200, insert.text);
    assert.equal((await fetch(`${address}ping`)).status, 200);
    for (const aborter of aborters) aborter.abort();
    await Promise.all(waiting);
    await until('a read', async () => (await store.send('reader', 'SELECT 1')).status === 200, 5_000);
  });

  test('bounds of read users: rows of the result, rows read, memory, with their codes', async () => {
    const code = async (sql: string, query: Record<string, string> = {}) =>
      (await store.send('reader', sql, query)).code;
    assert.equal(await code('SELECT number FROM numbers(2000) FORMAT JSON'), '396');
    assert.equal(await code('SELECT count() FROM numbers(6000000) WHERE sipHash64(number) = 1'), '158');
    const memory = { max_memory_usage: '10000000' };
    assert.equal(
      await code('SELECT groupArray(toString(number)) FROM numbers(4000000) FORMAT Null', memory),
      '241',
    );
    assert.equal(await code('SELECT count() FROM numbers(1000)'), undefined);
  });

  test('deep brackets are an error, not the end of the process', async () => {
    const deep = (depth: number) => `SELECT ${'('.repeat(depth)}1${')'.repeat(depth)}`;
    const sum = `SELECT ${'1+('.repeat(900)}1${')'.repeat(900)}`;
    for (const sql of [deep(900), deep(100_000), sum, `SELECT ${'['.repeat(3_000)}`]) {
      const { status, code } = await store.send('reader', sql);
      assert.ok(status === 200 || code !== undefined);
    }
    assert.equal(await ask(store, 'SELECT 1'), '1');
  });

  test('an insert that breaks off is not stored, and its place is free again', async () => {
    const table = await freshTable(store, 'id UInt64');
    const query = encodeURIComponent(`INSERT INTO ${table} FORMAT CSV`);
    await new Promise<void>((resolve) => {
      const sent = request({
        port: store.port,
        path: `/?query=${query}`,
        method: 'POST',
        headers: { ...head('writer'), 'Content-Length': '1000' },
      });
      sent.on('error', () => resolve());
      sent.write('1\n2\n3\n');
      setTimeout(() => sent.destroy(), 300);
    });
    const next = await store.send('writer', '7\n', { query: `INSERT INTO ${table} FORMAT CSV` });
    assert.equal(next.status, 200, next.text);
    assert.equal(await ask(store, `SELECT groupArray(id) FROM ${table}`), '[7]');
  });

  test('/metrics counts rows, failures by code, and memory', async () => {
    assert.ok((await metric(store, 'bellwether_store_inserted_rows_total')) >= 2);
    assert.ok(
      (await metric(
        store,
        'bellwether_store_failures_total{code="202",type="TOO_MANY_SIMULTANEOUS_QUERIES"}',
      )) >= 1,
    );
    assert.ok((await metric(store, 'process_resident_memory_bytes')) > 100_000_000);
  });
});

describe('the end of a store', () => {
  test('SIGTERM: what runs is finished and stored, what is new is refused, the data is there after a start', async () => {
    const store = await startStoreUnderTest();
    await ask(store, 'CREATE DATABASE IF NOT EXISTS bellwether');
    const table = await freshTable(store, 'id UInt64');
    const query = encodeURIComponent(`INSERT INTO ${table} FORMAT CSV`);
    const answered = new Promise<number | undefined>((resolve, reject) => {
      const sent = request(
        { port: store.port, path: `/?query=${query}`, method: 'POST', headers: head('writer') },
        (response) => {
          response.resume();
          resolve(response.statusCode);
        },
      );
      sent.on('error', reject);
      sent.write('1\n2\n');
      setTimeout(() => {
        store.child.kill('SIGTERM');
        void store.send('writer', 'SELECT 1').catch(() => undefined);
        setTimeout(() => sent.end('3\n'), 500);
      }, 500);
    });
    assert.equal(await answered, 200);
    assert.equal(await store.exited, 0);
    const again = await startStoreUnderTest({}, store);
    assert.equal(await ask(again, `SELECT count(), sum(id) FROM ${table}`), '3\t6');
    await again.stop();
  });

  test('a crash of the engine ends the process at once, by the signal', async () => {
    const store = await startStoreUnderTest();
    store.child.kill('SIGSEGV');
    const late = new Promise((resolve) => setTimeout(resolve, 5_000, 'still there after 5 s').unref());
    assert.equal(await Promise.race([store.exited, late]), 'SIGSEGV');
    await store.stop();
  });

  test('kill -9 loses no acknowledged row', async () => {
    const store = await startStoreUnderTest();
    await ask(store, 'CREATE DATABASE IF NOT EXISTS bellwether');
    const table = await freshTable(store, 'id UInt64');
    for (let id = 1; id <= 20; id += 1) {
      const reply = await store.send('writer', `${id}\n`, { query: `INSERT INTO ${table} FORMAT CSV` });
      assert.equal(reply.status, 200);
    }
    store.child.kill('SIGKILL');
    assert.equal(await store.exited, 'SIGKILL');
    const again = await startStoreUnderTest({}, store);
    assert.equal(await ask(again, `SELECT count(), sum(id) FROM ${table}`), '20\t210');
    await again.stop();
  });
});

async function metric(store: StoreUnderTest, name: string): Promise<number> {
  const text = await (await fetch(`http://127.0.0.1:${store.port}/metrics`)).text();
  const found = text.split('\n').find((each) => each.startsWith(`${name} `));
  return found === undefined ? 0 : Number(found.slice(name.length + 1));
}
