import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { z } from 'zod';
import { DATABASE, type ClickHouseClient } from '../../../common/clickhouse/connection.js';
import { LENGTH_MS, startOf } from '../../../processors/rollup/buckets.js';
import { ClickHouseRollupStore } from '../../../processors/rollup/store.js';
import { startRollupStore, type RollupStoreUnderTest } from './rollup-store.js';
import { BOUNDS, randomRows } from './random-rows.js';
import { totalOf, type Expected, type Row } from './reference.js';
import { insertSamples } from './tables.js';

const number = z.coerce.number();
const baseline = z.object({
  series: number,
  until: number,
  since: number,
  value: number,
  count: number,
  sum: number,
  zero_count: number,
  bucket_indexes: z.array(number),
  bucket_counts: z.array(number),
  bounds: z.array(number),
});
type Baseline = z.output<typeof baseline>;

describe('baselines on the real store', () => {
  // Four days that end now, so that the store does not remove the samples meanwhile.
  const today = startOf('day', Date.now());
  const dayStarts = [-3, -2, -1, 0].map((day) => today + day * LENGTH_MS.day);
  const [, secondDay, thirdDay] = dayStarts as [number, number, number, number];
  const minutes = dayStarts.flatMap((day) =>
    [0, 23 * 60 + 30, 23 * 60 + 59].map((minute) => day + minute * LENGTH_MS.minute),
  );
  const rows = randomRows(7, minutes, 5).filter(({ kind }) => kind !== 'gauge');
  let store: RollupStoreUnderTest;
  let admin: ClickHouseClient;
  let rollup: ClickHouseRollupStore;

  before(async () => {
    store = await startRollupStore();
    admin = store.admin;
    rollup = new ClickHouseRollupStore(store.rollup);
    // The days are older than raw rows are kept: so that none is removed before its day is made.
    await admin.command({ query: `ALTER TABLE ${DATABASE}.samples REMOVE TTL` });
    await insertSamples(admin, rows);
    for (const resolution of ['minute', 'hour', 'day'] as const) {
      const starts = [...new Set(rows.map(({ timeMs }) => startOf(resolution, timeMs)))];
      await rollup.recompute(starts.map((startMs) => ({ resolution, startMs, version: 1 })));
    }
  });
  after(() => store.stop());

  /** What was read, one after the other. */
  const history: (readonly Baseline[])[] = [];
  const read = async (): Promise<Baseline[]> => {
    const result = await admin.query({
      query: `SELECT * EXCEPT (until, since), toUnixTimestamp(until) AS until, toUnixTimestamp(since) AS since
        FROM ${DATABASE}.baselines FINAL ORDER BY series`,
      format: 'JSONEachRow',
    });
    const found = z.array(baseline).parse(await result.json());
    history.push(found);
    return found;
  };
  /** What each series must have come to before that day. */
  const expected = (untilMs: number): Baseline[] => {
    const bySeries = new Map<number, Row[]>();
    for (const row of rows) {
      if (row.timeMs < untilMs) bySeries.set(row.series, [...(bySeries.get(row.series) ?? []), row]);
    }
    return [...bySeries]
      .sort(([a], [b]) => a - b)
      .map(([series, own]) => asBaseline(series, own, totalOf(own)));
  };

  it('hold what days come to, with the increase before the first row where it is known', async () => {
    await rollup.fold(0, secondDay);
    assert.deepEqual(await read(), expected(secondDay));
    assert.ok(expected(secondDay).length > 25);
  });

  it('do not change when the same days are folded again', async () => {
    await rollup.fold(0, secondDay);
    await rollup.fold(0, secondDay);
    assert.deepEqual(await read(), expected(secondDay));
  });

  it('are completed by a fold that was broken off, whichever series it had done', async () => {
    await rollup.fold(secondDay, thirdDay);
    await admin.command({
      query: `CREATE TABLE ${DATABASE}.kept ENGINE = Memory AS SELECT * FROM ${DATABASE}.baselines FINAL`,
    });
    for (const done of [0, 1, 2]) {
      await admin.command({ query: `TRUNCATE TABLE ${DATABASE}.baselines` });
      await rollup.fold(0, secondDay);
      await admin.command({
        query: `INSERT INTO ${DATABASE}.baselines SELECT * FROM ${DATABASE}.kept WHERE series % 3 = ${done}`,
      });
      await rollup.fold(0, thirdDay);
      assert.deepEqual(await read(), expected(thirdDay));
    }
  });

  it('stay as they are when days are gone, and go on from there', async () => {
    await admin.command({
      query: `ALTER TABLE ${DATABASE}.days DELETE WHERE time < toDateTime(${thirdDay / 1_000}, 'UTC') SETTINGS mutations_sync = 1`,
    });
    await rollup.fold(0, thirdDay);
    assert.deepEqual(await read(), expected(thirdDay));
    await rollup.fold(thirdDay, today);
    assert.deepEqual(await read(), expected(today));
  });

  it('are not undone by a fold that knew less and comes last', async () => {
    await admin.command({
      query: `INSERT INTO ${DATABASE}.baselines SELECT * FROM ${DATABASE}.kept`,
    });
    assert.deepEqual(await read(), expected(today));
  });

  it('never fall', () => {
    const falling = new Set(rows.filter(({ kind }) => kind === 'up_down_sum').map(({ series }) => series));
    const [first, ...later] = history.filter((found) => found.length > 0);
    const highest = new Map(first?.map((row) => [row.series, row]));
    for (const row of later.flat()) {
      const before = highest.get(row.series);
      if (before === undefined || falling.has(row.series)) continue;
      assert.ok(row.value >= before.value && row.count >= before.count && row.sum >= before.sum);
      highest.set(row.series, row);
    }
    assert.ok(later.length >= 5 && highest.size > 25);
  });

  function asBaseline(series: number, own: readonly Row[], total: Expected): Baseline {
    const kind = own[0]?.kind ?? '';
    const explicit = kind === 'histogram' || kind === 'cumulative_histogram';
    const indexes = [...total.buckets.keys()].sort((a, b) => a - b);
    const places = Array.from({ length: BOUNDS.length + 1 }, (_, place) => place);
    const times = own.map(({ timeMs }) => startOf('day', timeMs));
    return {
      series,
      until: (Math.max(...times) + LENGTH_MS.day) / 1_000,
      since: Math.min(...times) / 1_000,
      value: total.value,
      count: total.count,
      sum: total.sum,
      zero_count: total.zeroCount,
      bounds: explicit ? BOUNDS : [],
      bucket_indexes: explicit ? [] : indexes,
      bucket_counts: (explicit ? places : indexes).map((index) => total.buckets.get(index) ?? 0),
    };
  }
});
