import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import {
  absence,
  cumulative,
  dropSteps,
  latencySteps,
  measuredSince,
} from '../../../../../query-api/console/page/charts/shape.js';
import { drops, group, latency, NOON } from '../samples.js';

const noon = NOON / 1_000;

test('a step that was not measured is a gap and never zero', () => {
  const steps = dropSteps(drops([group('policy', 'customer', [3, null, 0, null, 1, 0])]));
  assert.deepEqual(steps.packets, [[3, null, 0, null, 1, 0]]);
  assert.deepEqual(steps.gaps, [
    { from: noon + 10, to: noon + 20 },
    { from: noon + 30, to: noon + 40 },
  ]);
});

test('neighbouring gaps are one', () => {
  const { gaps } = latencySteps(latency([1, null, null, null, 0, 2]));
  assert.deepEqual(gaps, [{ from: noon + 10, to: noon + 40 }]);
});

test('what has not arrived yet is pending, not missing', () => {
  const answer = latency([1, 1, 1, 1, null, null], { freshness: NOON + 45_000 });
  const { gaps, pendingFrom } = latencySteps(answer);
  assert.equal(pendingFrom, noon + 45);
  assert.deepEqual(gaps, [{ from: noon + 40, to: noon + 45 }]);
  assert.equal(latencySteps({ ...answer, freshness: null }).pendingFrom, noon);
});

test('also without drops, the answer says which steps were measured', () => {
  const points = [0, 0, null, 0, 0, 0].map((packets, index) => ({ time: NOON + index * 10_000, packets }));
  const { times, gaps, causes } = dropSteps(drops([], { points }));
  assert.equal(times.length, 6);
  assert.deepEqual(causes, []);
  assert.deepEqual(gaps, [{ from: noon + 20, to: noon + 30 }]);
});

test('groups of one cause are one layer, layers keep one order', () => {
  const { causes, packets } = dropSteps(
    drops([
      group('normal', 'normal', [1, 1]),
      group('policy', 'customer', [1, 2], 'NETFILTER_DROP'),
      group('policy', 'platform', [4, 8], 'QDISC_DROP'),
    ]),
  );
  assert.deepEqual(causes, ['policy', 'normal']);
  assert.deepEqual(packets, [
    [5, 10, 0, 0, 0, 0],
    [1, 1, 0, 0, 0, 0],
  ]);
});

test('a stack rises, its top is the sum, and null stays null', () => {
  const column = fc.array(fc.nat({ max: 1_000 }), { minLength: 8, maxLength: 8 });
  fc.assert(
    fc.property(fc.array(column, { minLength: 1, maxLength: 6 }), fc.nat({ max: 7 }), (columns, missing) => {
      const stacked = cumulative(
        columns.map((one) => one.map((value, at) => (at === missing ? null : value))),
      );
      for (let at = 0; at < 8; at++) {
        const heights = stacked.map((layer) => layer[at]);
        if (at === missing) {
          assert.ok(heights.every((height) => height === null));
          continue;
        }
        assert.equal(
          heights.at(-1),
          columns.reduce((sum, one) => sum + (one[at] ?? 0), 0),
        );
        for (let layer = 1; layer < heights.length; layer++) {
          assert.ok((heights[layer] ?? -1) >= (heights[layer - 1] ?? 0));
        }
      }
    }),
  );
});

test('says of a step without a value whether it is missing or still on its way', () => {
  const steps = latencySteps(latency([1, null, 0, 1, null, null], { freshness: NOON + 45_000 }));
  const words = steps.times.map((_, index) => absence(steps, index));
  assert.deepEqual(words, ['', 'not measured', '', '', 'not here yet', 'not here yet']);
});

test('knows from when on a range was measured, if not from its start', () => {
  const since = (counts: (number | null)[]) => measuredSince(latencySteps(latency(counts)));
  assert.equal(since([null, null, null, 0, 1, null]), NOON + 30_000);
  assert.equal(since([0, null, null, 1, 1, 1]), undefined);
  assert.equal(since([null, 0, 1, 1, 1, 1]), undefined, 'one step is the edge of the range');
  assert.equal(since([null, null, null, null, null, null]), undefined);
});
