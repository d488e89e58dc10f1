import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { pino } from 'pino';
import { Baselines } from '../../../processors/rollup/baselines.js';
import { LENGTH_MS, nameOf } from '../../../processors/rollup/buckets.js';
import { createLook } from '../../../processors/rollup/look.js';
import { RollupMetrics } from '../../../processors/rollup/metrics.js';
import type { HourState, MinuteState, RollupStore } from '../../../processors/rollup/store.js';

const NOW_MS = Date.UTC(2026, 10, 24, 12, 30);
const log = pino({ level: 'silent' });

/** A look over these states; `next` lets one go by. */
function setUp(partitions: readonly number[]) {
  const minutes: MinuteState[] = [];
  const hours: HourState[] = [];
  const dirty: string[] = [];
  const finals: number[] = [];
  const metrics = new RollupMetrics();
  let wake = (): void => undefined;
  let fails = false;
  const store: Pick<RollupStore, 'minutes' | 'hours' | 'days'> = {
    minutes: () => (fails ? Promise.reject(new Error('away')) : Promise.resolve(minutes)),
    hours: () => Promise.resolve(hours),
    days: () => Promise.resolve([]),
  };
  const look = createLook({
    store: { ...store, recompute: () => Promise.resolve(), seal: () => Promise.resolve() },
    consumer: { assignment: () => partitions.map((partition) => ({ topic: 'progress.v1', partition })) },
    metrics,
    log,
    clock: {
      now: () => 0,
      unixMs: () => NOW_MS,
      sleep: () => new Promise((resolve) => (wake = resolve)),
      jittered: (milliseconds) => milliseconds,
    },
    lookMs: 30_000,
    delayMs: 10_000,
    rawRetentionMs: 48 * LENGTH_MS.hour,
    minuteRetentionMs: 30 * LENGTH_MS.day,
    onDirty: (bucket) => dirty.push(nameOf(bucket)),
    afterLook: (untilMs) => {
      finals.push(untilMs);
      return Promise.resolve();
    },
  });
  const next = async () => {
    wake();
    await nextTurn();
  };
  const end = async () => {
    const stopped = look.stop();
    wake();
    await stopped;
  };
  return { minutes, hours, dirty, finals, metrics, look, next, end, away: (is: boolean) => (fails = is) };
}

describe('look', () => {
  const dirtyMinute = { startMs: NOW_MS - 5 * LENGTH_MS.minute, written: 2, sealed: 1 };

  it('takes up a minute that is dirty at two looks: until then its record may be on its way', async () => {
    const { minutes, dirty, look, next, end } = setUp([0, 2]);
    minutes.push(dirtyMinute);
    await look.start();
    await nextTurn();
    assert.deepEqual(dirty, []);
    await next();
    assert.deepEqual(dirty, [nameOf({ resolution: 'minute', startMs: dirtyMinute.startMs })]);
    await end();
  });

  it('leaves a minute alone that was written to between two looks', async () => {
    const { minutes, dirty, look, next, end } = setUp([0]);
    minutes.push(dirtyMinute);
    await look.start();
    await nextTurn();
    minutes.splice(0, 1, { ...dirtyMinute, written: 3 });
    await next();
    assert.deepEqual(dirty, []);
    await end();
  });

  it('takes up hours that are over and complete, and says how many buckets are dirty', async () => {
    const { minutes, hours, dirty, metrics, look, end } = setUp([0]);
    const hour = Date.UTC(2026, 10, 24, 11);
    minutes.push(dirtyMinute);
    hours.push({ startMs: hour, open: 0, attained: 5, sealed: 4 });
    hours.push({ startMs: hour - LENGTH_MS.hour, open: 1, attained: 5, sealed: 4 });
    hours.push({ startMs: hour + LENGTH_MS.hour, open: 0, attained: 5, sealed: 0 });
    await look.start();
    await nextTurn();
    assert.deepEqual(dirty, [nameOf({ resolution: 'hour', startMs: hour })]);
    const text = await metrics.registry.metrics();
    assert.match(text, /dirty_buckets{resolution="minute"} 1\n/);
    assert.match(text, /dirty_buckets{resolution="hour"} 1\n/);
    assert.match(text, new RegExp(`oldest_dirty_seconds ${dirtyMinute.startMs / 1_000}\n`));
    await end();
  });

  it('is done by the member that has partition 0 alone', async () => {
    const { minutes, dirty, finals, metrics, look, next, end } = setUp([1, 2]);
    minutes.push(dirtyMinute);
    await look.start();
    await next();
    await next();
    assert.deepEqual([dirty, finals], [[], []]);
    assert.doesNotMatch(await metrics.registry.metrics(), /dirty_buckets{/);
    await end();
  });

  it('goes on after the store was away', async () => {
    const { finals, look, next, end, away } = setUp([0]);
    away(true);
    await look.start();
    await nextTurn();
    assert.deepEqual(finals, []);
    away(false);
    await next();
    assert.deepEqual(finals, [Date.UTC(2026, 10, 22)], 'no row of a day before it can come');
    await end();
  });
});

describe('baselines', () => {
  it('read what is new since their last fold, and a failed one again', async () => {
    const folds: [number, number][] = [];
    let fails = true;
    const fold = (fromMs: number, untilMs: number) => {
      folds.push([fromMs, untilMs]);
      return fails ? Promise.reject(new Error('away')) : Promise.resolve();
    };
    const baselines = new Baselines({ store: { fold }, metrics: new RollupMetrics(), log });
    await assert.rejects(baselines.fold(2));
    fails = false;
    await baselines.fold(2);
    await baselines.fold(2);
    await baselines.fold(3);
    assert.deepEqual(folds, [
      [0, 2],
      [0, 2],
      [2, 3],
    ]);
  });
});
