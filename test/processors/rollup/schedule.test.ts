import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import {
  endOf,
  LENGTH_MS,
  nameOf,
  RESOLUTIONS,
  type Bucket,
  type Resolution,
} from '../../../processors/rollup/buckets.js';
import { Schedule, type Due } from '../../../processors/rollup/schedule.js';

const DELAY_MS = 10_000;
const GAPS_MS = { minute: 5_000, hour: 7_000, day: 9_000 };
const NOW_MS = Date.UTC(2026, 10, 24, 12, 30, 30);

type Step =
  | { readonly act: 'touch'; readonly bucket: Bucket }
  | { readonly act: 'pass'; readonly milliseconds: number }
  | { readonly act: 'take'; readonly limit: number; readonly fails: boolean };

const bucket = fc
  .record({ resolution: fc.constantFrom(...RESOLUTIONS), back: fc.integer({ min: -1, max: 3 }) })
  .map(({ resolution, back }): Bucket => {
    const length = LENGTH_MS[resolution];
    return { resolution, startMs: (Math.floor(NOW_MS / length) - back) * length };
  });
const step: fc.Arbitrary<Step> = fc.oneof(
  fc.record({ act: fc.constant('touch' as const), bucket }),
  fc.record({ act: fc.constant('pass' as const), milliseconds: fc.integer({ min: 0, max: 40_000 }) }),
  fc.record({
    act: fc.constant('take' as const),
    limit: fc.integer({ min: 1, max: 4 }),
    fails: fc.boolean(),
  }),
);

/** Runs the steps and then lets time pass until nothing waits; what was taken when. */
function play(steps: readonly Step[], onTake: (due: Due<number>, nowMs: number) => void) {
  const schedule = new Schedule<number>({ delayMs: DELAY_MS, gapsMs: GAPS_MS });
  const answered: number[] = [];
  let nowMs = NOW_MS;
  let touches = 0;
  const take = (limit: number, fails: boolean) => {
    const taken = schedule.take(nowMs, limit);
    assert.ok(taken.length <= limit);
    assert.ok(new Set(taken.map(({ resolution }) => resolution)).size <= 1);
    for (const due of taken) {
      onTake(due, nowMs);
      if (fails) schedule.putBack(due, nowMs);
      else answered.push(...due.records);
    }
  };
  for (const each of steps) {
    if (each.act === 'touch') schedule.touch(each.bucket, touches++);
    else if (each.act === 'pass') nowMs += each.milliseconds;
    else take(each.limit, each.fails);
  }
  for (let rounds = 0; schedule.size > 0; rounds += 1) {
    assert.ok(rounds < 1_000, 'it comes to an end');
    nowMs = Math.max(nowMs, schedule.nextMs() ?? nowMs);
    take(100, false);
  }
  assert.equal(schedule.records, 0);
  return { answered, touches };
}

describe('schedule', () => {
  it('answers for every touch exactly once, whatever fails and however they come', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        const { answered, touches } = play(steps, () => undefined);
        assert.deepEqual(
          answered.sort((a, b) => a - b),
          Array.from({ length: touches }, (_, number) => number),
        );
      }),
      { numRuns: 500 },
    );
  });

  it('gives no bucket before it is over and its windows had time, and none twice within the gap', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        const last = new Map<string, number>();
        play(steps, (due, nowMs) => {
          assert.ok(nowMs >= endOf(due) + DELAY_MS, 'it is over');
          const before = last.get(nameOf(due));
          // What failed comes again sooner, but never at once.
          const least = due.failures > 0 ? 500 : GAPS_MS[due.resolution];
          if (before !== undefined) assert.ok(nowMs - before >= least, `${nowMs - before} ms`);
          last.set(nameOf(due), nowMs);
        });
      }),
      { numRuns: 500 },
    );
  });

  it('gives minutes before hours before days, the oldest first', () => {
    const schedule = new Schedule<never>({ delayMs: 0, gapsMs: GAPS_MS });
    const at = (resolution: Resolution, hour: number): Bucket => {
      return { resolution, startMs: Date.UTC(2026, 10, 20, hour) };
    };
    for (const each of [at('day', 0), at('hour', 5), at('minute', 9), at('hour', 4), at('minute', 8)])
      schedule.touch(each);
    const order: string[] = [];
    for (let taken = schedule.take(NOW_MS, 1); taken.length > 0; taken = schedule.take(NOW_MS, 1)) {
      order.push(...taken.map(nameOf));
    }
    assert.deepEqual(
      order.map((name) => name.replace(/:00:00.000Z$/, '').replace('2026-11-20T', '')),
      ['minute 08', 'minute 09', 'hour 04', 'hour 05', 'day 00'],
    );
  });

  it('joins touches of one bucket', () => {
    const schedule = new Schedule<number>({ delayMs: DELAY_MS, gapsMs: GAPS_MS });
    const minute: Bucket = { resolution: 'minute', startMs: 0 };
    assert.equal(schedule.touch(minute, 1), true);
    assert.equal(schedule.touch(minute, 2), false);
    assert.deepEqual(schedule.take(NOW_MS, 9)[0]?.records, [1, 2]);
  });

  it('gives a bucket that is touched while it is made once more', () => {
    const schedule = new Schedule<number>({ delayMs: DELAY_MS, gapsMs: GAPS_MS });
    const minute: Bucket = { resolution: 'minute', startMs: 0 };
    schedule.touch(minute, 1);
    assert.equal(schedule.take(NOW_MS, 9).length, 1);
    schedule.touch(minute, 2);
    assert.deepEqual(schedule.take(NOW_MS + 4_999, 9), []);
    assert.deepEqual(schedule.take(NOW_MS + 5_000, 9)[0]?.records, [2]);
  });

  it('lets what takes long rest ten times as long', () => {
    const schedule = new Schedule<number>({ delayMs: DELAY_MS, gapsMs: GAPS_MS });
    const hour: Bucket = { resolution: 'hour', startMs: 0 };
    schedule.touch(hour);
    schedule.take(NOW_MS, 9);
    schedule.took('hour', 3_000);
    schedule.touch(hour);
    assert.equal(schedule.nextMs(), NOW_MS + 30_000);
  });

  it('tries what fails later each time, up to a minute', () => {
    const schedule = new Schedule<number>({ delayMs: 0, gapsMs: GAPS_MS });
    schedule.touch({ resolution: 'minute', startMs: 0 }, 7);
    let nowMs = NOW_MS;
    const pauses: number[] = [];
    for (let tries = 0; tries < 10; tries += 1) {
      const [due] = schedule.take(nowMs, 1);
      assert.ok(due !== undefined);
      schedule.putBack(due, nowMs);
      pauses.push((schedule.nextMs() ?? 0) - nowMs);
      nowMs = schedule.nextMs() ?? 0;
    }
    assert.deepEqual(pauses.slice(0, 4), [500, 1_000, 2_000, 4_000]);
    assert.equal(pauses.at(-1), 60_000);
    assert.deepEqual(schedule.take(nowMs, 1)[0]?.records, [7]);
  });
});
