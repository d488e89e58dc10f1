import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import type { TimeRange } from '../../../query-api/plan/range.js';
import {
  BUCKET_MS,
  coarsest,
  MAX_STRETCHES,
  NO_RUNS,
  planStretches,
  ROLLUPS,
  storedFromAt,
  type CleanRuns,
  type Rollup,
} from '../../../query-api/plan/resolution.js';
import { finestStored, floorsOf, tieredRange } from '../../../query-api/plan/retention.js';

const { minute: MINUTE, hour: HOUR, day: DAY } = BUCKET_MS;
const NOW = Date.UTC(2026, 10, 24, 12, 0, 3);
const WINDOW_MS = 5_000;
const RETENTION = { rawMs: 48 * HOUR, minuteMs: 30 * DAY, rollupMonths: 13 };
const FLOORS = floorsOf(RETENTION, NOW);

const steps = fc.constantFrom(5_000, 30_000, MINUTE, 5 * MINUTE, 90 * MINUTE, HOUR, 6 * HOUR, DAY, 3 * DAY);
/** Begins near one of the places where something ends, or anywhere. */
const begins = fc
  .tuple(
    fc.constantFrom(NOW, FLOORS.rawMs, FLOORS.minuteMs, FLOORS.rollupMs),
    fc.integer({ min: -3 * DAY, max: 3 * DAY }),
  )
  .map(([near, off]) => near + off);
const ranges = fc
  .record({
    stepMs: steps,
    begin: begins,
    count: fc.integer({ min: 1, max: 400 }),
    rawOnly: fc.oneof({ weight: 9, arbitrary: fc.constant(false) }, fc.constant(true)),
  })
  .map(({ stepMs, begin, count, rawOnly }) => {
    const fromMs = Math.floor(begin / stepMs) * stepMs;
    const range = { fromMs, toMs: fromMs + count * stepMs, stepMs };
    return tieredRange(range, FLOORS, { windowMs: WINDOW_MS, rawOnly });
  });

/** Buckets that are clean, from a pattern of lengths in turn clean and not, from the range's start on. */
function runsFrom(range: TimeRange, bucketMs: number, lengths: readonly number[]): TimeRange[] {
  const runs: TimeRange[] = [];
  let at = Math.ceil(range.fromMs / bucketMs) * bucketMs;
  for (let index = 0; at < range.toMs && runs.length < 2_000; index += 1) {
    const end = at + (lengths[index % lengths.length] ?? 1) * bucketMs;
    if (index % 2 === 1)
      runs.push({ fromMs: at, toMs: Math.min(end, Math.floor(range.toMs / bucketMs) * bucketMs) });
    at = end;
  }
  return runs.filter(({ fromMs, toMs }) => fromMs < toMs);
}

const lengths = fc.array(fc.integer({ min: 1, max: 50 }), { minLength: 1, maxLength: 7 });
const cases = fc
  .record({ range: ranges, day: lengths, hour: lengths, minute: lengths })
  .map(({ range, ...patterns }) => {
    const of = (rollup: Rollup) => runsFrom(range, BUCKET_MS[rollup], patterns[rollup]);
    const clean: CleanRuns = { day: of('day'), hour: of('hour'), minute: of('minute') };
    return { range, clean };
  });

const isClean = (runs: readonly TimeRange[], part: TimeRange) =>
  runs.some((run) => run.fromMs <= part.fromMs && part.toMs <= run.toMs);

describe('what a range is read at', () => {
  it('covers the range once, and cuts neither a bucket nor a step of its own', () => {
    fc.assert(
      fc.property(cases, ({ range, clean }) => {
        const stretches = planStretches(range, clean);
        assert.equal(stretches[0]?.fromMs, range.fromMs);
        assert.equal(stretches.at(-1)?.toMs, range.toMs);
        stretches.forEach((stretch, index) => {
          assert.ok(stretch.fromMs < stretch.toMs);
          const next = stretches[index + 1];
          if (next !== undefined) {
            assert.equal(stretch.toMs, next.fromMs);
            assert.notEqual(stretch.resolution, next.resolution);
          }
          if (stretch.resolution === 'raw') return;
          const bucketMs = BUCKET_MS[stretch.resolution];
          assert.equal(range.stepMs % bucketMs, 0);
          assert.deepEqual([stretch.fromMs % bucketMs, stretch.toMs % bucketMs], [0, 0]);
        });
      }),
      { numRuns: 2_000 },
    );
  });

  it('never reads a bucket that is not clean where raw is stored, nor one that has expired where there is better', () => {
    fc.assert(
      fc.property(cases, fc.integer({ min: 3, max: MAX_STRETCHES }), ({ range, clean }, most) => {
        for (const { resolution, ...stretch } of planStretches(range, clean, most)) {
          if (resolution === 'raw') continue;
          const young = { fromMs: Math.max(stretch.fromMs, range.rawFromMs), toMs: stretch.toMs };
          if (young.fromMs >= young.toMs) continue;
          // A bucket that lies across the floor of raw is clean as a whole, too.
          const bucketMs = BUCKET_MS[resolution];
          const whole = { ...young, fromMs: Math.floor(young.fromMs / bucketMs) * bucketMs };
          assert.ok(isClean(clean[resolution], whole), resolution);
          assert.ok(whole.fromMs >= storedFromAt(range, resolution));
        }
      }),
      { numRuns: 2_000 },
    );
  });

  it('takes the coarsest that is clean, unless late data has torn it into too many runs', () => {
    fc.assert(
      fc.property(cases, ({ range, clean }) => {
        const stretches = planStretches(range, clean, Infinity);
        for (const rollup of range.rollups) {
          const oldest = Math.ceil(storedFromAt(range, rollup) / BUCKET_MS[rollup]) * BUCKET_MS[rollup];
          for (const run of clean[rollup]) {
            // What is left of the run: buckets that are still stored whole.
            const begin = Math.max(run.fromMs, oldest);
            if (begin >= run.toMs) continue;
            for (const { fromMs, toMs, resolution } of stretches) {
              if (toMs <= begin || fromMs >= run.toMs) continue;
              assert.ok(ROLLUPS.indexOf(rollup) >= ROLLUPS.findIndex((one) => one === resolution));
              assert.notEqual(resolution, 'raw');
            }
          }
        }
      }),
      { numRuns: 500 },
    );
  });

  it('is bounded, whatever late data does, and then still right', () => {
    fc.assert(
      fc.property(cases, fc.integer({ min: 3, max: MAX_STRETCHES }), ({ range, clean }, most) => {
        const stretches = planStretches(range, clean, most);
        assert.ok(stretches.length <= most, `${stretches.length}`);
        const total = stretches.reduce((sum, { fromMs, toMs }) => sum + toMs - fromMs, 0);
        assert.equal(total, range.toMs - range.fromMs);
      }),
      { numRuns: 1_000 },
    );
    const torn = { fromMs: NOW - (NOW % DAY) - DAY, toMs: NOW - (NOW % DAY), stepMs: MINUTE };
    const range = tieredRange(torn, FLOORS, { windowMs: WINDOW_MS, rawOnly: false });
    const minute = runsFrom(torn, MINUTE, [1]);
    assert.deepEqual(planStretches(range, { ...NO_RUNS, minute }), [
      { fromMs: torn.fromMs, toMs: torn.toMs, resolution: 'raw' },
    ]);
  });

  it('reads raw alone where steps are finer than a minute or raw is asked for', () => {
    const range = { fromMs: NOW - (NOW % DAY) - 10 * DAY, toMs: NOW - (NOW % DAY), stepMs: DAY };
    const clean = { ...NO_RUNS, day: [{ fromMs: range.fromMs, toMs: range.toMs }] };
    const planned = (rawOnly: boolean) =>
      planStretches(tieredRange(range, FLOORS, { windowMs: WINDOW_MS, rawOnly }), clean);
    assert.deepEqual(planned(true), [{ fromMs: range.fromMs, toMs: range.toMs, resolution: 'raw' }]);
    assert.deepEqual(planned(false), [{ fromMs: range.fromMs, toMs: range.toMs, resolution: 'day' }]);
    assert.deepEqual([coarsest(planned(true)), coarsest(planned(false))], ['raw', 'day']);
  });

  it('says how far back each step reaches', () => {
    const storedFrom = (stepMs: number, rawOnly = false) =>
      new Date(
        tieredRange({ fromMs: 0, toMs: stepMs, stepMs }, FLOORS, { windowMs: WINDOW_MS, rawOnly })
          .storedFromMs,
      ).toISOString();
    assert.equal(storedFrom(5_000), '2026-11-22T12:00:05.000Z');
    assert.equal(storedFrom(MINUTE), '2026-10-25T12:01:00.000Z');
    assert.equal(storedFrom(HOUR), '2025-10-24T13:00:00.000Z');
    assert.equal(storedFrom(HOUR, true), '2026-11-22T12:00:05.000Z');
    const finest = (ago: number) => finestStored(FLOORS, NOW - ago, WINDOW_MS);
    assert.deepEqual([finest(HOUR), finest(3 * DAY), finest(60 * DAY)], [WINDOW_MS, MINUTE, HOUR]);
  });
});
