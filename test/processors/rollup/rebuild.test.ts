import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { DATABASE, type ClickHouseClient } from '../../../common/clickhouse/connection.js';
import { BellwetherError } from '../../../common/runtime/errors.js';
import { LENGTH_MS, startOf, type Resolution } from '../../../processors/rollup/buckets.js';
import { rebuild, type RebuildProgress } from '../../../processors/rollup/rebuild.js';
import { ClickHouseRollupStore } from '../../../processors/rollup/store.js';
import { startRollupStore, type RollupStoreUnderTest } from './rollup-store.js';
import { randomRows } from './random-rows.js';
import { insertSamples, readRollup, touch } from './tables.js';
import { SAMPLES_KEPT_LONGER_HOURS } from '../../../schema/retention.js';

const TABLES: Readonly<Record<Resolution, string>> = { minute: 'minutes', hour: 'hours', day: 'days' };
const RAW_RETENTION_MS = 48 * LENGTH_MS.hour;

describe('rebuild on the real store', () => {
  // A time of day at which neither the day nor the hour has just begun, whenever the test runs.
  const nowMs = startOf('day', Date.now()) + 12.5 * LENGTH_MS.hour;
  const yesterday = startOf('day', nowMs) - LENGTH_MS.day;
  // The last hour of yesterday and the hour that is not over.
  const minutes = [
    yesterday + 23 * LENGTH_MS.hour,
    yesterday + 23 * LENGTH_MS.hour + 59 * LENGTH_MS.minute,
    startOf('minute', nowMs) - LENGTH_MS.minute,
  ];
  const currentHour = startOf('hour', minutes[2] ?? 0);
  let store: RollupStoreUnderTest;
  let admin: ClickHouseClient;
  const progress: RebuildProgress[] = [];

  before(async () => {
    store = await startRollupStore();
    admin = store.admin;
    await insertSamples(admin, randomRows(3, minutes, 2));
    await touch(admin, minutes);
    await touch(admin, minutes.slice(0, 1));
  });
  after(() => store.stop());

  const run = (fromMs: number, toMs: number) =>
    rebuild({
      store: new ClickHouseRollupStore(store.rollup),
      fromMs,
      toMs,
      nowMs,
      rawRetentionMs: RAW_RETENTION_MS,
      onProgress: (at) => progress.push(at),
    });
  const all = async () => {
    const tables = [];
    for (const table of Object.values(TABLES)) tables.push(await readRollup(admin, table));
    return tables;
  };

  it('makes minutes, and the hours and days that are over, and says how far it is', async () => {
    const rebuilt = await run(yesterday, nowMs);
    const ended = currentHour + LENGTH_MS.hour <= nowMs ? 1 : 0;
    assert.deepEqual(rebuilt.made, { minute: 3, hour: 1 + ended, day: 1 });
    assert.equal(rebuilt.left, 0);
    assert.deepEqual(progress[0], { resolution: 'minute', made: 3, all: 3 });
    assert.ok(progress.some(({ resolution }) => resolution === 'day'));
    const [, hours, days] = await all();
    assert.equal(hours?.[0]?.version, 3, 'both minutes, one of which was written to twice');
    assert.equal(days?.[0]?.version, 3);
  });

  it('puts right what had been spoilt, under the same versions', async () => {
    const right = await all();
    for (const table of Object.values(TABLES)) {
      await admin.command({
        query: `INSERT INTO ${DATABASE}.${table} SELECT * REPLACE (value + 1 AS value, 0 AS rows) FROM ${DATABASE}.${table} FINAL`,
      });
    }
    assert.notDeepEqual(await all(), right);
    await run(yesterday, nowMs);
    assert.deepEqual(await all(), right);
  });

  it('leaves hours to the rollup that hold a minute which is not sealed', async () => {
    await touch(admin, minutes.slice(1, 2));
    const rebuilt = await run(yesterday, (minutes[0] ?? 0) + LENGTH_MS.minute);
    assert.equal(rebuilt.made.minute, 1);
    assert.equal(rebuilt.made.hour, 0);
    assert.equal(rebuilt.left, 2, 'the hour and its day');
  });

  it('says what is kept and why nothing is made where samples are gone', async () => {
    const old = nowMs - 3 * LENGTH_MS.day;
    const refused = (error: unknown) =>
      error instanceof BellwetherError &&
      error.code === 'bad_request' &&
      /samples are kept for 48 h.*stand as they were made/.test(error.message);
    await assert.rejects(run(old, old + LENGTH_MS.hour), refused);
    const rebuilt = await run(old, nowMs);
    assert.ok(rebuilt.fromMs > nowMs - RAW_RETENTION_MS - SAMPLES_KEPT_LONGER_HOURS * LENGTH_MS.hour);
    assert.equal(rebuilt.made.minute, 3);
    await assert.rejects(run(nowMs + 1, nowMs + LENGTH_MS.hour), /has not begun/);
  });
});
