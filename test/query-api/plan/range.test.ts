import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { MAX_STEPS, parseSteppedRange, stepsOf } from '../../../query-api/plan/range.js';
import { formatDuration, formatTime } from '../../../query-api/plan/time.js';
import { hasCode } from '../errors.js';

const NOW = Date.UTC(2026, 10, 24, 12, 0, 3);
const WINDOW_MS = 5_000;

describe('ranges', () => {
  it('grows outward to whole steps and chooses a step for a chart', () => {
    const range = parseSteppedRange({ from: 'now-15m', to: 'now' }, NOW, WINDOW_MS);
    assert.equal(range.stepMs, 10_000);
    assert.equal(formatTime(range.fromMs), '2026-11-24T11:45:00.000Z');
    assert.equal(formatTime(range.toMs), '2026-11-24T12:00:10.000Z');
    assert.equal(stepsOf(range).length, 91);
  });

  it('covers what was asked for in at most 11,000 steps, each a multiple of the window', () => {
    const request = fc.record({
      fromMs: fc.integer({ min: 1, max: NOW }),
      lengthMs: fc.integer({ min: 1, max: 400 * 86_400_000 }),
      windows: fc.option(fc.integer({ min: 1, max: 20_000 }), { nil: undefined }),
    });
    fc.assert(
      fc.property(request, ({ fromMs, lengthMs, windows }) => {
        const step = windows === undefined ? undefined : formatDuration(windows * WINDOW_MS);
        const asked = { from: formatTime(fromMs), to: formatTime(fromMs + lengthMs), step };
        try {
          const range = parseSteppedRange(asked, NOW, WINDOW_MS);
          const steps = stepsOf(range);
          assert.ok(range.fromMs <= fromMs && fromMs - range.fromMs < range.stepMs);
          assert.ok(range.toMs >= fromMs + lengthMs && range.toMs - fromMs - lengthMs < range.stepMs);
          assert.equal(range.stepMs % WINDOW_MS, 0);
          assert.ok(steps.length <= MAX_STEPS && steps.length > 0);
          assert.ok(steps.every((start) => start % range.stepMs === 0));
          if (windows !== undefined) assert.equal(range.stepMs, windows * WINDOW_MS);
          else assert.ok(steps.length <= 122, `${steps.length} steps`);
        } catch (error) {
          assert.ok(hasCode('too_many_points')(error), String(error));
          assert.ok(lengthMs / ((windows ?? 0) * WINDOW_MS) > MAX_STEPS - 2);
        }
      }),
      { numRuns: 500 },
    );
  });

  it('refuses a range that is empty or runs backwards', () => {
    for (const [from, to] of [
      ['now', 'now'],
      ['now', 'now-1s'],
    ] as const) {
      const parse = () => parseSteppedRange({ from, to }, NOW, WINDOW_MS);
      assert.throws(parse, hasCode('bad_request', /^from: "now" is not before to/));
    }
  });

  it('refuses steps that cut windows or are none', () => {
    const parse = (step: string) => () =>
      parseSteppedRange({ from: 'now-1h', to: 'now', step }, NOW, WINDOW_MS);
    assert.throws(
      parse('1s'),
      hasCode('bad_request', /^step: "1s" is not a multiple of .* 5 s; right would be 5s/),
    );
    assert.throws(parse('12s'), hasCode('bad_request', /right would be 10s/));
    for (const step of ['', '0s', '10', '-5s', '1.5m', '10s;']) {
      assert.throws(parse(step), hasCode('bad_request', /^step: .* is not a step/), step);
    }
  });

  it('refuses more than 11,000 steps and names a step that would do', () => {
    const exactly = { from: formatTime(0), to: formatTime(MAX_STEPS * 5_000), step: '5s' };
    assert.equal(stepsOf(parseSteppedRange(exactly, NOW, WINDOW_MS)).length, MAX_STEPS);
    const more = { ...exactly, to: formatTime(MAX_STEPS * 5_000 + 1) };
    const parse = () => parseSteppedRange(more, NOW, WINDOW_MS);
    assert.throws(parse, hasCode('too_many_points', /^step: 5s .*11001 steps.*step=10m would do/));
  });
});
