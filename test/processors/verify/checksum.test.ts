import assert from 'node:assert/strict';
import { it } from 'node:test';
import type { Point } from '../../../common/wire/batch.js';
import { checksumOf, whatDiffers } from '../../../processors/verify/checksum.js';

const owner = { customer: 'acme', app: 'shop', instance: 'shop-1' };
const drops = (reason: string, value: number): Point => {
  return { kind: 'sum', signal: 'packet.drops', owner, attributes: { 'drop.reason': reason }, value };
};
const rtt = (bucketIndexes: number[], bucketCounts: number[], sum = 0.5): Point => {
  const count = bucketCounts.reduce((a, b) => a + b, 0);
  const counts = { count, zeroCount: 0, sum, bucketIndexes, bucketCounts };
  return { kind: 'exponential_histogram', signal: 'tcp.rtt', owner, attributes: {}, ...counts };
};
const differ = (a: Point[], b: Point[]) => whatDiffers(checksumOf(a), checksumOf(b));

it('does not depend on the order, and counts points of one series as one row', () => {
  const points = [drops('NO_SOCKET', 3), drops('NETFILTER_DROP', 4), rtt([-80, -70], [1, 2])];
  assert.equal(differ(points, points.toReversed()), undefined);
  assert.equal(differ([drops('NO_SOCKET', 3), drops('NO_SOCKET', 4)], [drops('NO_SOCKET', 7)]), undefined);
});

it('says what differs', () => {
  assert.match(differ([drops('A', 1), drops('B', 1)], [drops('A', 2)]) ?? '', /1 rows of 2/);
  assert.match(differ([drops('A', 1)], [drops('A', 2)]) ?? '', /values of sums/);
  // The same in all, but in each other's series.
  assert.match(
    differ([drops('A', 1), drops('B', 2)], [drops('A', 2), drops('B', 1)]) ?? '',
    /values of sums/,
  );
  assert.match(differ([rtt([-80], [3])], [rtt([-80], [4])]) ?? '', /counts of histograms/);
  assert.match(differ([rtt([-80, -70], [1, 2])], [rtt([-80, -70], [2, 1])]) ?? '', /buckets/);
  assert.match(differ([rtt([-80], [3])], [rtt([-80], [3], 0.75)]) ?? '', /sums of histograms/);
});

it('allows for another order of adding seconds, and for no more', () => {
  assert.equal(differ([rtt([-80], [3], 0.1 + 0.2)], [rtt([-80], [3], 0.3)]), undefined);
  assert.notEqual(differ([rtt([-80], [3], 0.3)], [rtt([-80], [3], 0.300001)]), undefined);
});
