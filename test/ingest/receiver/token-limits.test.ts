import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { TokenLimits } from '../../../ingest/receiver/token-limits.js';
import { hasCode } from '../../query-api/errors.js';

const tooMany = hasCode('too_many_requests');

function limitsOf(options: { concurrency?: number; concurrencyPerToken?: number; ratePerToken?: number }) {
  const refused: string[] = [];
  const clock = { ms: 0 };
  const limits = new TokenLimits({
    concurrency: 100,
    concurrencyPerToken: 100,
    ratePerToken: 10,
    onRefused: (why) => refused.push(why),
    now: () => clock.ms,
    ...options,
  });
  return { limits, refused, clock };
}

describe('bounds of the receiver', () => {
  it('hold what is under way, of one token and of all', () => {
    const { limits, refused } = limitsOf({ concurrency: 3, concurrencyPerToken: 2 });
    const leave = limits.enter('a');
    limits.enter('a');
    assert.throws(() => limits.enter('a'), tooMany);
    limits.enter('b');
    assert.throws(() => limits.enter('c'), tooMany);
    leave();
    leave();
    assert.equal(limits.underWay, 2, 'leaving twice is leaving once');
    limits.enter('c');
    assert.deepEqual(refused, ['token', 'all']);
  });

  it('hold the rate: a burst of two seconds, then as many a second as are allowed', () => {
    const { limits, refused, clock } = limitsOf({});
    const tryMany = () => {
      let taken = 0;
      for (let i = 0; i < 100; i += 1) {
        try {
          limits.enter('a')();
          taken += 1;
        } catch {
          // Refused: counted below.
        }
      }
      return taken;
    };
    assert.equal(tryMany(), 20);
    clock.ms += 500;
    assert.equal(tryMany(), 5);
    clock.ms += 60_000;
    assert.equal(tryMany(), 20);
    assert.equal(refused.length, 300 - 45);
    assert.ok(refused.every((why) => why === 'rate'));
  });

  it('forget tokens at rest', () => {
    const { limits, clock } = limitsOf({});
    for (let i = 0; i < 50; i += 1) limits.enter(`t${i}`)();
    const busy = limits.enter('busy');
    clock.ms += 2_000;
    for (let i = 0; i < 60; i += 1) {
      clock.ms += 200;
      limits.enter('last')();
    }
    assert.ok(limits.tokens <= 2, `${limits.tokens} are remembered`);
    busy();
  });
});
