import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { bucketIndexOfNanoseconds } from '../../../common/histogram/bounds.js';
import {
  EMPTY_HISTOGRAM,
  type ExponentialHistogram,
  mean,
  mergeHistograms,
  quantile,
} from '../../../common/histogram/exponential-histogram.js';

function histogramOf(nanoseconds: number): ExponentialHistogram {
  const index = bucketIndexOfNanoseconds(nanoseconds);
  return index === undefined
    ? { ...EMPTY_HISTOGRAM, count: 1, zeroCount: 1 }
    : { count: 1, zeroCount: 0, sum: nanoseconds / 1e9, bucketIndexes: [index], bucketCounts: [1] };
}

const durations = fc.array(fc.integer({ min: 0, max: 1_000_000_000_000 }), { minLength: 1, maxLength: 60 });

describe('exponential histogram', () => {
  it('gives every quantile within 4.4 % of the true value', () => {
    fc.assert(
      fc.property(durations, fc.double({ min: 0, max: 1, noNaN: true }), (values, q) => {
        const sorted = [...values].sort((a, b) => a - b);
        const truth = (sorted[Math.max(1, Math.ceil(q * sorted.length)) - 1] ?? 0) / 1e9;
        const found = quantile(mergeHistograms(values.map(histogramOf)), q);
        assert(found !== null);
        assert(Math.abs(found - truth) <= truth * 0.0443, `${found} for ${truth}`);
      }),
    );
  });

  it('merges to the same buckets in any order and grouping', () => {
    fc.assert(
      fc.property(durations, fc.nat(), (values, cut) => {
        const all = values.map(histogramOf);
        const at = cut % all.length;
        const grouped = mergeHistograms([
          mergeHistograms(all.slice(at).reverse()),
          mergeHistograms(all.slice(0, at)),
        ]);
        const direct = mergeHistograms(all);
        // The sum is a sum of floats: its last digits depend on the order.
        assert(Math.abs(grouped.sum - direct.sum) <= direct.sum * 1e-12);
        assert.deepEqual({ ...grouped, sum: 0 }, { ...direct, sum: 0 });
      }),
    );
  });

  it('has no quantile and no mean when it holds nothing', () => {
    assert.equal(quantile(EMPTY_HISTOGRAM, 0.5), null);
    assert.equal(mean(EMPTY_HISTOGRAM), null);
  });

  it('refuses a quantile out of range and a count that its buckets do not hold', () => {
    assert.throws(() => quantile(EMPTY_HISTOGRAM, 1.5), RangeError);
    assert.throws(() => quantile({ ...EMPTY_HISTOGRAM, count: 3 }, 0.5), RangeError);
  });
});
