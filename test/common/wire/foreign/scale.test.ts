import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import {
  checkScale,
  explicitOf,
  scaleDown,
  type SparseBuckets,
} from '../../../../common/wire/foreign/scale.js';

/** Values are powers of two with this many parts to a doubling: their bucket of every scale up to 20 is exact. */
const PARTS = 20;
/** Values 2^(position / 2^20) from the smallest normal double to the largest. */
const positions = (low = -1_022, high = 1_023) =>
  fc.array(fc.oneof(fc.integer({ min: low * 2 ** PARTS, max: high * 2 ** PARTS }), wholePowers(low, high)), {
    minLength: 1,
    maxLength: 40,
  });
/** Bounds of buckets at every scale: they belong to the bucket below. */
const wholePowers = (low: number, high: number) =>
  fc.integer({ min: low, max: high }).map((exponent) => exponent * 2 ** PARTS);

/** Bucket i holds (2^(i * 2^-scale), 2^((i+1) * 2^-scale)]. */
const indexOf = (position: number, scale: number) => Math.ceil(position / 2 ** (PARTS - scale)) - 1;

function bucketsOf(values: readonly number[], scale: number): SparseBuckets {
  const counts = new Map<number, number>();
  for (const value of values) {
    const index = indexOf(value, scale);
    counts.set(index, (counts.get(index) ?? 0) + 1);
  }
  const sorted = [...counts].sort(([a], [b]) => a - b);
  return { indexes: sorted.map(([index]) => index), counts: sorted.map(([, count]) => count) };
}

describe('exponential buckets', () => {
  test('of a finer scale become those that their values would have been counted in at scale 3', () => {
    fc.assert(
      fc.property(positions(), fc.integer({ min: 3, max: 20 }), (values, scale) => {
        assert.deepEqual(scaleDown(bucketsOf(values, scale), scale), bucketsOf(values, 3));
      }),
      { numRuns: 2_000 },
    );
  });

  test('fit the Int16 column, whatever double they hold', () => {
    for (const exponent of [-1_022, 1_023]) {
      const { indexes } = scaleDown(bucketsOf([exponent * 2 ** PARTS], 20), 20);
      assert.ok(Math.abs(indexes[0]!) < 2 ** 15);
    }
  });

  test('of a coarser scale keep each count between the bounds that it had', () => {
    fc.assert(
      fc.property(positions(), fc.integer({ min: -11, max: 2 }), fc.nat(9), (values, scale, zeros) => {
        const buckets = bucketsOf(values, scale);
        checkScale(scale, buckets);
        const { bounds, counts } = explicitOf(buckets, scale, zeros);
        assert.equal(counts.length, bounds.length + 1);
        assert.equal(counts[0], zeros, 'the first bucket holds the zeros and nothing else');
        assert.ok(bounds.every((bound, i) => Number.isFinite(bound) && (i === 0 || bound > bounds[i - 1]!)));
        const filled = counts.flatMap((count, place) => (place > 0 && count > 0 ? [[place, count]] : []));
        // Between the same bounds, told by the bounds alone.
        const expected = buckets.indexes.map((index, i) => {
          const lower = bounds.indexOf(2 ** (index / 2 ** scale));
          assert.notEqual(lower, -1, `bucket ${index} of scale ${scale} begins at no bound`);
          return [lower + 1, buckets.counts[i]];
        });
        assert.deepEqual(filled, expected);
      }),
      { numRuns: 2_000 },
    );
  });

  test('of a coarser scale have the same bounds as long as the values are of an ordinary size', () => {
    fc.assert(
      fc.property(positions(-32, 48), positions(-32, 48), fc.integer({ min: -11, max: 2 }), (a, b, scale) => {
        const inside = (values: number[]) => values.filter((value) => value > -32 * 2 ** PARTS);
        const bounds = (values: number[]) => explicitOf(bucketsOf(inside(values), scale), scale, 0).bounds;
        assert.equal(bounds(a), bounds(b), 'the very same list');
        assert.ok(bounds(a).length <= 80 * 4 + 1);
      }),
    );
  });

  test('that hold no double, and scales that no double needs, are refused', () => {
    const refuses = (scale: number, index: number) => {
      assert.throws(
        () => checkScale(scale, { indexes: [index], counts: [1] }),
        /holds no number|the scale is/,
      );
    };
    refuses(3, 1_024 * 8);
    refuses(3, -1_023 * 8 - 1);
    refuses(0, 1_024);
    refuses(-12, 0);
    refuses(65, 0);
    checkScale(3, { indexes: [-1_023 * 8, 1_024 * 8 - 1], counts: [1, 1] });
  });
});
