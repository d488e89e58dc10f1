import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { createLogger } from '../../../common/runtime/log.js';
import { createMetrics } from '../../../embedded/store/metrics.js';
import type { TableParts } from '../../../embedded/store/parts-metrics.js';
import { PartsWatch } from '../../../embedded/store/parts.js';
import { until } from '../../support/until.js';
import { ask } from './case.js';
import { startStoreUnderTest, type StoreUnderTest } from './running-store.js';

describe('parts of a real store', () => {
  let store: StoreUnderTest;
  before(async () => {
    store = await startStoreUnderTest({ BELLWETHER_STORE_PARTS_SECONDS: '1' });
  });
  after(() => store.stop());

  const page = async (path: string) => (await fetch(`http://127.0.0.1:${store.port}${path}`)).text();
  const gauge = async (name: string, table: string) => {
    const line = new RegExp(`^bellwether_store_${name}\\{table="${table}"\\} (\\S+)$`, 'm');
    const found = line.exec(await page('/metrics'))?.[1];
    return found === undefined ? undefined : Number(found);
  };
  const insert = () => ask(store, 'INSERT INTO parts.t SELECT number FROM numbers(3)');

  test('an alarm comes before TOO_MANY_PARTS and goes when they are merged', async () => {
    await ask(store, 'CREATE DATABASE parts');
    await ask(
      store,
      `CREATE TABLE parts.t (x UInt64) ENGINE = MergeTree PARTITION BY x % 2 ORDER BY x
       SETTINGS parts_to_delay_insert = 0, parts_to_throw_insert = 20`,
    );
    await ask(store, 'SYSTEM STOP MERGES parts.t');
    for (let nth = 0; nth < 9; nth += 1) await insert();
    await until('they are seen', async () => (await gauge('table_parts', 'parts.t')) === 18);
    assert.equal(await gauge('table_partition_parts_max', 'parts.t'), 9);
    assert.equal(await gauge('table_parts_limit', 'parts.t'), 20);
    assert.equal(await gauge('table_rows', 'parts.t'), 27);
    assert.ok(((await gauge('table_bytes', 'parts.t')) ?? 0) > 0);
    assert.equal(await gauge('parts_alarm', 'parts.t'), 0);
    assert.deepEqual(JSON.parse(await page('/readyz')), { status: 'ready', parts_alarm: [] });

    await insert();
    await until('the alarm', async () => (await gauge('parts_alarm', 'parts.t')) === 1);
    assert.match(
      await page('/readyz'),
      /"parts_alarm":\["parts\.t has 10 parts in partition [01]; inserts are/,
    );
    assert.match(store.output(), /parts_alarm: parts\.t has 10 parts/);
    for (let nth = 10; nth < 20; nth += 1) await insert();
    await assert.rejects(insert(), /252|TOO_MANY_PARTS/, 'what the alarm came before');

    await ask(store, 'SYSTEM START MERGES parts.t');
    await ask(store, 'OPTIMIZE TABLE parts.t FINAL');
    await until('it is over', async () => (await gauge('parts_alarm', 'parts.t')) === 0);
    assert.match(store.output(), /parts_alarm is over/);
    await ask(store, 'DROP TABLE parts.t');
    await until('nothing is shown of it', async () => (await gauge('table_parts', 'parts.t')) === undefined);
  });
});

describe('the alarm', () => {
  const table = (fullest: number, change: Partial<TableParts> = {}): TableParts => ({
    table: 'a.t',
    parts: fullest,
    fullest,
    partition_id: 'p',
    rows: 1,
    bytes: 1,
    slows_at: 100,
    refuses_at: 300,
    ...change,
  });
  const watch = () => {
    const log = createLogger('test', 'silent');
    return new PartsWatch({ ask: () => Promise.resolve(''), everyMs: 1_000, metrics: createMetrics(), log });
  };

  test('begins at half of what slows inserts and does not flicker', () => {
    const parts = watch();
    const alarmed = [49, 50, 41, 39, 45].map((fullest) => {
      parts.take([table(fullest)]);
      return parts.alarms.length;
    });
    assert.deepEqual(alarmed, [0, 1, 1, 0, 0]);
  });

  test('ends with its table, and takes 0 as no limit', () => {
    const parts = watch();
    parts.take([table(80), table(5_000, { table: 'a.free', slows_at: 0, refuses_at: 0 })]);
    assert.deepEqual(parts.alarms, [
      'a.t has 80 parts in partition p; inserts are slowed from 100 on and refused from 300 on (TOO_MANY_PARTS)',
    ]);
    parts.take([]);
    assert.deepEqual(parts.alarms, []);
  });

  test('counts what it could not look at and looks again', async () => {
    const metrics = createMetrics();
    const answers = ['not JSON', JSON.stringify(table(60))];
    const parts = new PartsWatch({
      ask: () => Promise.resolve(answers.shift() ?? ''),
      everyMs: 5,
      metrics,
      log: createLogger('test', 'silent'),
    });
    await parts.start();
    await until('it looked again', () => parts.alarms.length === 1);
    await parts.stop();
    assert.match(await metrics.registry.metrics(), /^bellwether_store_parts_read_failures_total 1$/m);
  });
});
