import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { explicitQuantile } from '../../../query-api/views/explicit-quantile.js';

describe('quantiles of explicit buckets', () => {
  it("are those of Prometheus' histogram_quantile", () => {
    const bounds = [0.1, 0.5, 1];
    const cases: [counts: number[], q: number, expected: number | null][] = [
      // Halfway into the second bucket: 0.1 + 0.4 * (5 - 4) / 2.
      [[4, 2, 4, 0], 0.5, 0.3],
      [[4, 2, 4, 0], 0.4, 0.1],
      [[4, 0, 4, 0], 0.75, 0.75],
      // The first bucket begins at 0, the last one has no end.
      [[10, 0, 0, 0], 0.5, 0.05],
      [[0, 0, 0, 10], 0.5, 1],
      [[1, 0, 0, 9], 0.99, 1],
      [[0, 0, 0, 0], 0.5, null],
    ];
    for (const [counts, q, expected] of cases) {
      const actual = explicitQuantile(bounds, counts, q);
      if (expected === null || actual === null) assert.equal(actual, expected);
      else assert.ok(Math.abs(actual - expected) < 1e-12, `${counts.join()} ${q}: ${actual}`);
    }
    assert.equal(explicitQuantile([], [5], 0.5), null);
    assert.equal(explicitQuantile([-2, 0], [5, 0, 0], 0.5), -2);
  });

  it('never fall as q grows, and lie within the bounds', () => {
    const counts = fc.array(fc.nat(1_000), { minLength: 4, maxLength: 4 });
    const q = fc.double({ min: 0, max: 1, noNaN: true });
    fc.assert(
      fc.property(counts, q, q, (inBuckets, one, other) => {
        const of = (each: number) => explicitQuantile([0.1, 0.5, 1], inBuckets, each) ?? 0;
        assert.ok(of(Math.min(one, other)) <= of(Math.max(one, other)) + 1e-12);
        assert.ok(of(one) >= 0 && of(one) <= 1);
      }),
    );
  });
});
