import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { createLogger } from '../../../common/runtime/log.js';
import { TokenCache } from '../../../common/auth/token-cache.js';
import type { ValidToken } from '../../../common/auth/token-table.js';
import { bearerToken, hashToken, makeToken } from '../../../common/auth/token.js';
import { hasCode } from '../../query-api/errors.js';

/** A token table, a clock and a cache over them. */
function setUp(options: { maxTokens?: number; reloadMs?: number } = {}) {
  const rows: ValidToken[] = [];
  const counts = { reads: 0, failed: 0, reloaded: 0, limited: 0 };
  const state = { now: 1_000_000, broken: false };
  const cache = new TokenCache({
    read: () => {
      counts.reads += 1;
      return state.broken ? Promise.reject(new Error('refused')) : Promise.resolve([...rows]);
    },
    log: createLogger('test', 'fatal'),
    metrics: {
      loaded: () => undefined,
      failed: () => void (counts.failed += 1),
      onDemand: (outcome) => void (counts[outcome] += 1),
    },
    now: () => state.now,
    reloadMs: 60_000,
    ...options,
  });
  const add = (customer: string): string => {
    const token = makeToken();
    rows.push({
      id: `t${rows.length}`,
      hash: hashToken(token),
      role: customer === '' ? 'operator' : 'customer',
      customer,
    });
    return token;
  };
  return { cache, rows, counts, state, add };
}

/** Waits for so many more reads, the last of which began and ended after this was called. */
async function reloads(counts: { readonly reads: number }, more: number): Promise<void> {
  const enough = counts.reads + more;
  while (counts.reads < enough) await new Promise((resolve) => setTimeout(resolve, 5));
  await new Promise((resolve) => setImmediate(resolve));
}

describe('token cache', () => {
  it('knows who holds a token, without a read for each', async (t) => {
    const { cache, counts, add } = setUp();
    const [acme, operator] = [add('acme'), add('')];
    await cache.start();
    t.after(() => cache.stop());
    const principal = await cache.authenticate(acme);
    assert.deepEqual([principal.role, principal.customer, principal.tokenId], ['customer', 'acme', 't0']);
    assert.equal((await cache.authenticate(operator)).customer, null);
    assert.equal(counts.reads, 1);
    assert.deepEqual(cache.customers(), ['acme']);
  });

  it('accepts a new token at once, and refuses a revoked one after the next reload', async (t) => {
    const { cache, rows, counts, add } = setUp({ reloadMs: 5 });
    await cache.start();
    t.after(() => cache.stop());
    const token = add('acme');
    assert.equal((await cache.authenticate(token)).customer, 'acme');
    rows.length = 0;
    await reloads(counts, 2);
    await assert.rejects(cache.authenticate(token), hasCode('unauthorized'));
  });

  it('reads again for unknown tokens, but not for each of a flood', async (t) => {
    const { cache, counts, state } = setUp();
    await cache.start();
    t.after(() => cache.stop());
    for (let attempt = 0; attempt < 100; attempt += 1) {
      await assert.rejects(cache.authenticate(makeToken()), hasCode('unauthorized'));
    }
    assert.deepEqual([counts.reads, counts.reloaded, counts.limited], [2, 1, 99]);
    state.now += 250;
    await assert.rejects(cache.authenticate(makeToken()), hasCode('unauthorized'));
    assert.equal(counts.reads, 3);
  });

  it('vouches for 30 s without the store, then says that it cannot', async (t) => {
    const { cache, counts, state, add } = setUp({ reloadMs: 5 });
    const token = add('acme');
    await cache.start();
    t.after(() => cache.stop());
    state.broken = true;
    await reloads(counts, 2);
    assert.ok(counts.failed > 0);
    state.now += 30_000;
    assert.equal((await cache.authenticate(token)).customer, 'acme');
    state.now += 1;
    await assert.rejects(cache.authenticate(token), hasCode('store_unavailable'));
    state.broken = false;
    await reloads(counts, 2);
    assert.equal((await cache.authenticate(token)).customer, 'acme');
  });

  it('says that it cannot vouch before the table was ever read', async (t) => {
    const { cache, state } = setUp();
    state.broken = true;
    await cache.start();
    t.after(() => cache.stop());
    await assert.rejects(cache.authenticate(makeToken()), hasCode('store_unavailable'));
  });

  it('holds a bounded number of tokens', async (t) => {
    const { cache, counts, add } = setUp({ maxTokens: 2 });
    for (const customer of ['a', 'b', 'c']) add(customer);
    await cache.start();
    t.after(() => cache.stop());
    assert.equal(counts.failed, 1);
    assert.deepEqual(cache.customers(), []);
  });
});

describe('tokens', () => {
  it('are 256 random bits behind bw_, and are found in a bearer header only', () => {
    const token = makeToken();
    assert.match(token, /^bw_[A-Za-z0-9_-]{43}$/);
    assert.notEqual(token, makeToken());
    assert.match(hashToken(token), /^[0-9a-f]{64}$/);
    for (const header of [`Bearer ${token}`, `bearer  ${token}`, `BEARER ${token} `]) {
      assert.equal(bearerToken(header), token, header);
    }
    const wrong = [
      undefined,
      '',
      token,
      `Basic ${token}`,
      `Bearer ${token}x`,
      'Bearer',
      `Bearer ${token} ${token}`,
    ];
    for (const header of wrong) assert.equal(bearerToken(header), undefined, header);
  });
});
