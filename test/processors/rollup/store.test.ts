import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { DATABASE, type ClickHouseClient } from '../../../common/clickhouse/connection.js';
import { LENGTH_MS, startOf, type Resolution } from '../../../processors/rollup/buckets.js';
import { ClickHouseRollupStore } from '../../../processors/rollup/store.js';
import { createNumbers } from '../../support/fleet/numbers.js';
import { startRollupStore, type RollupStoreUnderTest } from './rollup-store.js';
import { randomRows } from './random-rows.js';
import { bucketOf, type Row } from './reference.js';
import { asRollupRow, insertSamples, readRollup, touch, type RollupRow } from './tables.js';

const TABLES: Readonly<Record<Resolution, string>> = { minute: 'minutes', hour: 'hours', day: 'days' };
const SERIES_PER_KIND = 6;

describe('recomputes on the real store', () => {
  // Around midnight, with neighbouring minutes, gaps within an hour and gaps of a little more than one.
  const midnight = startOf('day', Date.now());
  const minutes = [-2, -1, 0, 1, 3].flatMap((hour) =>
    [0, 1, 30, 59].map((minute) => midnight + hour * LENGTH_MS.hour + minute * LENGTH_MS.minute),
  );
  const rows = randomRows(20_261_124, minutes, SERIES_PER_KIND);
  const late = rows.filter((_, position) => position % 9 === 4);
  const inTime = rows.filter((row) => !late.includes(row));
  let store: RollupStoreUnderTest;
  let admin: ClickHouseClient;
  let rollup: ClickHouseRollupStore;

  before(async () => {
    store = await startRollupStore();
    admin = store.admin;
    rollup = new ClickHouseRollupStore(store.rollup);
  });
  after(() => store.stop());

  const bucketsOf = (resolution: Resolution, of: readonly Row[]) => [
    ...new Set(of.map(({ timeMs }) => startOf(resolution, timeMs))),
  ];
  const make = async (resolution: Resolution, version: number, of = rows) => {
    await rollup.recompute(bucketsOf(resolution, of).map((startMs) => ({ resolution, startMs, version })));
  };
  const expected = (resolution: Resolution, of: readonly Row[], version: number): RollupRow[] => {
    const groups = new Map<string, Row[]>();
    for (const row of of) {
      const key = `${String(row.series).padStart(6)} ${startOf(resolution, row.timeMs)}`;
      groups.set(key, [...(groups.get(key) ?? []), row]);
    }
    return [...groups]
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([, group]) => {
        const startMs = startOf(resolution, group[0]?.timeMs ?? 0);
        return asRollupRow(group, bucketOf(group), startMs, version);
      });
  };
  const assertEqual = async (resolution: Resolution, of: readonly Row[], version: number) => {
    const found = await readRollup(admin, TABLES[resolution]);
    const wanted = expected(resolution, of, version);
    assert.equal(found.length, wanted.length, `${resolution}s`);
    for (const [position, row] of found.entries()) assert.deepEqual(row, wanted[position]);
  };

  it('are over rows of each kind with resets of each kind', () => {
    assert.ok(rows.length > 1_000, `${rows.length} rows`);
    const cumulative = rows.filter(({ kind }) => kind === 'cumulative_sum');
    const pairs = cumulative.slice(1).map((row, position) => [cumulative[position] ?? row, row] as const);
    const same = pairs.filter(([a, b]) => a.series === b.series);
    assert.ok(same.filter(([a, b]) => b.startMs > a.startMs).length > 5, 'resets by start time');
    assert.ok(same.filter(([a, b]) => b.startMs === a.startMs && b.value < a.value).length > 5, 'by value');
    assert.ok(same.filter(([a, b]) => b.timeMs - a.timeMs > LENGTH_MS.hour).length > 5, 'long gaps');
  });

  it('are open to a user who may write nowhere else', async () => {
    for (const table of ['samples', 'touches', 'tokens', 'batches']) {
      const query = `INSERT INTO ${DATABASE}.${table} SELECT * FROM ${DATABASE}.${table}`;
      await assert.rejects(store.rollup.command({ query }), /is not open to this user/);
    }
  });

  it('give minutes, hours and days equal to a reference in plain TypeScript', async () => {
    await insertSamples(admin, shuffled(inTime));
    await touch(admin, bucketsOf('minute', inTime));
    for (const resolution of ['minute', 'hour', 'day'] as const) {
      await make(resolution, 1);
      await assertEqual(resolution, inTime, 1);
    }
  });

  it('stay the same when messages are stored again and late rows come', async () => {
    await insertSamples(admin, shuffled([...late, ...inTime.slice(0, 400)]));
    for (const resolution of ['minute', 'hour', 'day'] as const) {
      await make(resolution, 2);
      await assertEqual(resolution, rows, 2);
    }
  });

  it('are not undone by a worker that knew less and comes last', async () => {
    for (const [resolution, table] of Object.entries(TABLES)) {
      // What it read before the late rows came, under the number that it had read before.
      await store.admin.command({
        query: `INSERT INTO ${DATABASE}.${table} SELECT * REPLACE (1 AS version, value + 1 AS value, 0 AS rows) FROM ${DATABASE}.${table} FINAL`,
      });
      assert.ok(resolution in LENGTH_MS);
    }
    for (const resolution of ['minute', 'hour', 'day'] as const) await assertEqual(resolution, rows, 2);
  });

  it('of the same version replace what stood there: a rebuild', async () => {
    await store.admin.command({
      query: `INSERT INTO ${DATABASE}.minutes SELECT * REPLACE (value + 1 AS value, 0 AS rows) FROM ${DATABASE}.minutes FINAL`,
    });
    await assert.rejects(assertEqual('minute', rows, 2), 'the fault shows');
    await make('minute', 2);
    await assertEqual('minute', rows, 2);
  });

  function shuffled(from: readonly Row[]): Row[] {
    const numbers = createNumbers(from.length);
    return [...from]
      .map((row) => ({ row, place: numbers.next() }))
      .sort((a, b) => a.place - b.place)
      .map(({ row }) => row);
  }
});
