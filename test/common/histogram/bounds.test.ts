import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import {
  BUCKET_COUNT,
  MAX_INDEX,
  MIN_INDEX,
  UPPER_BOUNDS_NS,
  bucketIndexOfNanoseconds,
  isAtMostUpperBound,
} from '../../../common/histogram/bounds.js';

describe('bounds', () => {
  it('puts 1 ns into the first bucket and 1,024 s into the last', () => {
    assert.equal(bucketIndexOfNanoseconds(1), MIN_INDEX);
    assert.equal(bucketIndexOfNanoseconds(1_024e9), MAX_INDEX);
    assert.equal(bucketIndexOfNanoseconds(1_024e9 + 1), undefined);
    assert.equal(bucketIndexOfNanoseconds(0), undefined);
  });

  it('puts whole powers of two of a second into the bucket that ends there', () => {
    assert.equal(bucketIndexOfNanoseconds(1e9), -1);
    assert.equal(bucketIndexOfNanoseconds(1e9 + 1), 0);
    assert.equal(bucketIndexOfNanoseconds(2e9), 7);
  });

  it('agrees with exact arithmetic for any duration', () => {
    fc.assert(
      fc.property(fc.bigInt({ min: 1n, max: 1_024_000_000_000n }), (nanoseconds) => {
        const index = bucketIndexOfNanoseconds(Number(nanoseconds));
        assert(index !== undefined);
        assert(isAtMostUpperBound(nanoseconds, index));
        assert(!isAtMostUpperBound(nanoseconds, index - 1));
      }),
      { numRuns: 5_000 },
    );
  });

  it('is the table that the kernel has', async () => {
    // From dist/test/common/histogram to the root of the checkout.
    const header = await readFile(
      new URL('../../../../bpf/include/histogram_bounds.gen.h', import.meta.url),
      'utf8',
    );
    const table = /= \{([^}]*)\}/.exec(header)?.[1] ?? '';
    assert.deepEqual(table.match(/\d+/g)?.map(Number), UPPER_BOUNDS_NS);
    assert.equal(UPPER_BOUNDS_NS.length, BUCKET_COUNT);
  });
});
