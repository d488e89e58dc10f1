import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { ClickHouseError } from '@clickhouse/client';
import { pino } from 'pino';
import { LENGTH_MS, nameOf, type Bucket } from '../../../processors/rollup/buckets.js';
import { Maker, openFrom } from '../../../processors/rollup/maker.js';
import { RollupMetrics } from '../../../processors/rollup/metrics.js';
import { Schedule } from '../../../processors/rollup/schedule.js';
import type { HourState, MinuteState, RollupStore, Version } from '../../../processors/rollup/store.js';

const NOW_MS = Date.UTC(2026, 10, 24, 12, 0, 30);
const RAW_RETENTION_MS = 48 * LENGTH_MS.hour;
const GAPS_MS = { minute: 5_000, hour: 5_000, day: 5_000 };
const minute = (number: number): Bucket => {
  return { resolution: 'minute', startMs: NOW_MS - 30_000 - (number + 1) * LENGTH_MS.minute };
};

function storeError(code: string): ClickHouseError {
  return new ClickHouseError({ message: 'no', code, type: 'X' });
}

/** A store that says so, and notes what it was asked. */
class FakeStore implements RollupStore {
  readonly asked: string[] = [];
  readonly minuteStates: MinuteState[] = [];
  readonly hourStates: HourState[] = [];
  fails: (what: string, buckets: readonly Version[]) => Error | undefined = () => undefined;

  minutes = () => this.#note('minutes', [], this.minuteStates);
  hours = () => this.#note('hours', [], this.hourStates);
  days = () => this.#note('days', [], []);
  recompute = (buckets: readonly Version[]) => this.#note('recompute', buckets, undefined);
  seal = (buckets: readonly Version[]) => this.#note('seal', buckets, undefined);

  #note<T>(what: string, buckets: readonly Version[], answer: T): Promise<T> {
    const error = this.fails(what, buckets);
    if (error !== undefined) return Promise.reject(error);
    this.asked.push([what, ...buckets.map(({ version }) => version)].join(' '));
    return Promise.resolve(answer);
  }
}

function setUp() {
  const store = new FakeStore();
  const schedule = new Schedule<number>({ delayMs: 0, gapsMs: GAPS_MS });
  const metrics = new RollupMetrics();
  const done: number[] = [];
  const maker = new Maker<number>({
    store,
    schedule,
    metrics,
    log: pino({ level: 'silent' }),
    clock: {
      now: () => 0,
      unixMs: () => NOW_MS,
      sleep: () => Promise.resolve(),
      jittered: (milliseconds) => milliseconds,
    },
    rawRetentionMs: RAW_RETENTION_MS,
    onDone: (record) => done.push(record),
  });
  const make = (nowMs = NOW_MS) => maker.make(schedule.take(nowMs, 100));
  return { store, schedule, metrics, done, maker, make };
}

describe('maker', () => {
  it('reads the writes, makes the rows, seals them, and only then answers for the records', async () => {
    const { store, schedule, done, make } = setUp();
    store.minuteStates.push({ startMs: minute(0).startMs, written: 7, sealed: 6 });
    schedule.touch(minute(0), 1);
    store.fails = (what) => {
      assert.deepEqual(done, [], `nothing is committed before ${what}`);
      return undefined;
    };
    await make();
    assert.deepEqual(store.asked, ['minutes', 'recompute 7', 'seal 7']);
    assert.deepEqual(done, [1]);
  });

  it('makes nothing that stands, and still looks at what follows from it', async () => {
    const { store, schedule, done, make } = setUp();
    store.minuteStates.push({ startMs: minute(0).startMs, written: 7, sealed: 7 });
    schedule.touch(minute(0), 1);
    await make();
    assert.deepEqual(store.asked, ['minutes']);
    assert.deepEqual(done, [1]);
    assert.equal(schedule.waiting('hour'), 1, 'a kill may have come between the seal and the hour');
  });

  it('does not touch a minute whose rows are about to be removed, and counts it', async () => {
    const { store, schedule, metrics, done, make } = setUp();
    const startMs = Math.floor(openFrom(NOW_MS, RAW_RETENTION_MS) / LENGTH_MS.minute) * LENGTH_MS.minute;
    store.minuteStates.push({ startMs, written: 7, sealed: 6 });
    schedule.touch({ resolution: 'minute', startMs }, 1);
    await make();
    assert.deepEqual(store.asked, ['minutes']);
    assert.deepEqual(done, [1]);
    assert.match(
      await metrics.registry.metrics(),
      /decisions_total{resolution="minute",decision="too_late"} 1/,
    );
  });

  it('makes many late minutes by few statements', async () => {
    const { store, schedule, make } = setUp();
    for (let number = 0; number < 31; number += 1) {
      store.minuteStates.push({ startMs: minute(number).startMs, written: 1, sealed: 0 });
      schedule.touch(minute(number), number);
    }
    await make();
    assert.equal(store.asked.filter((what) => what.startsWith('recompute')).length, 3);
  });

  it('lets one that fails wait, alone, while the others go on', async () => {
    const { store, schedule, done, maker, make } = setUp();
    const bad = minute(1).startMs;
    for (const number of [0, 1, 2]) {
      store.minuteStates.push({ startMs: minute(number).startMs, written: 1, sealed: 0 });
      schedule.touch(minute(number), number);
    }
    store.fails = (what, buckets) =>
      what === 'recompute' && buckets.some(({ startMs }) => startMs === bad) ? storeError('241') : undefined;
    await make();
    assert.deepEqual(done, []);
    assert.match(maker.trouble ?? '', /MEMORY_LIMIT_EXCEEDED/);
    await make(NOW_MS + 10_000);
    assert.deepEqual(done.sort(), [0, 2]);
    assert.equal(schedule.waiting('minute'), 1);
    store.fails = () => undefined;
    await make(NOW_MS + 20_000);
    assert.deepEqual(done.sort(), [0, 1, 2]);
    assert.equal(maker.trouble, undefined);
  });

  it('keeps all records while the store does not answer', async () => {
    const { store, schedule, done, make } = setUp();
    schedule.touch(minute(0), 1);
    store.fails = () => new Error('connect ECONNREFUSED');
    await make();
    assert.deepEqual(done, []);
    assert.equal(schedule.records, 1);
  });

  it('ends the process when nothing will be done until somebody acts', async () => {
    const { store, schedule, make } = setUp();
    schedule.touch(minute(0), 1);
    store.fails = () => storeError('60');
    await assert.rejects(make(), { code: 'store_unavailable' });
  });

  it('drops an hour that has to wait: the seal of its last minute brings it back', async () => {
    const { store, schedule, make } = setUp();
    const hour: Bucket = { resolution: 'hour', startMs: NOW_MS - 30_000 - LENGTH_MS.hour };
    store.hourStates.push({ startMs: hour.startMs, open: 1, attained: 5, sealed: 0 });
    schedule.touch(hour);
    await make();
    assert.deepEqual(store.asked, ['hours']);
    assert.equal(schedule.size, 0, nameOf(hour));
    store.hourStates.splice(0, 1, { startMs: hour.startMs, open: 0, attained: 6, sealed: 0 });
    schedule.touch(hour);
    await make(NOW_MS + 5_000);
    assert.deepEqual(store.asked.slice(1), ['hours', 'recompute 6', 'seal 6']);
    assert.equal(schedule.waiting('day'), 1);
  });
});
