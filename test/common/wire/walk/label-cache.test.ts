import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { LabelCache } from '../../../../common/wire/walk/label-cache.js';

const SERIES_PER_HOST = 50;
const HOSTS = 40;

/** Of a fleet that speaks in turn, some rounds: how many hosts were still known at their turn, after the first. */
function knownShare(cache: LabelCache<number>, rounds: number): number {
  let known = 0;
  for (let turn = 0; turn < rounds * HOSTS; turn += 1) {
    const labels = cache.of({ id: `host-${String(turn % HOSTS)}`, name: '', region: 'region-0' });
    if (labels.owners.size > 0) {
      known += 1;
      continue;
    }
    labels.owners.set('owner', { owner: { customer: '', app: '', instance: '' }, metrics: new Map() });
    for (let series = 0; series < SERIES_PER_HOST; series += 1)
      cache.grew(labels, `series ${String(series)}`);
  }
  return known / ((rounds - 1) * HOSTS);
}

/** Numbers from 0 to below 1, the same at each run. */
function seeded(): () => number {
  let state = 1;
  return () => (state = (state * 48_271) % 2_147_483_647) / 2_147_483_647;
}

describe('LabelCache', () => {
  const whole = () => {
    const cache = new LabelCache<number>(Infinity);
    knownShare(cache, 1);
    return cache.size;
  };

  it('forgets nobody while there is room', () => {
    const cache = new LabelCache<number>(whole());
    assert.equal(knownShare(cache, 5), 1);
    assert.equal(cache.forgottenHosts, 0);
    assert.equal(cache.size, whole());
  });

  it('keeps most of a fleet that is a little too large for it', () => {
    const limit = whole() * 0.9;
    const cache = new LabelCache<number>(limit, seeded());
    assert.ok(knownShare(cache, 50) > 0.6);
    assert.ok(cache.forgottenHosts > 0);
    // It may be exceeded by what one message holds.
    assert.ok(cache.size <= limit + whole() / HOSTS, `${String(cache.size)} of ${String(limit)}`);
  });

  it('goes on with room for less than one host', () => {
    const cache = new LabelCache<number>(1, seeded());
    assert.equal(knownShare(cache, 3), 0);
    assert.equal(cache.forgottenHosts, 3 * HOSTS - 1);
    assert.ok(cache.size <= whole() / HOSTS + 1);
  });
});
