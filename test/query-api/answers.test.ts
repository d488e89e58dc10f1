import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import type { z } from 'zod';
import { createToken, listTokens, revokeToken } from '../../common/auth/token-table.js';
import { customersAnswer } from '../../query-api/views/customers.js';
import { dropsAnswer } from '../../query-api/views/drops.js';
import { eventsAnswer } from '../../query-api/views/events.js';
import { latencyAnswer } from '../../query-api/views/latency.js';
import { ledgerAnswer } from '../../query-api/views/ledger.js';
import { startRealApi, type RealApi } from './real-store.js';
import { insertBatches, insertEvents, insertSamples, OTHER_RUN, type BatchRow } from './rows.js';

/** Windows lie around an hour ago, aligned to a minute; the fleet of each test is its own customer. */
const BASE = Math.floor(Date.now() / 60_000) * 60_000 - 3_600_000;
const at = (window: number) => BASE + window * 5_000;
const iso = (milliseconds: number) => new Date(milliseconds).toISOString();

describe('answers over a real store', () => {
  let store: RealApi;
  let operator: string;
  before(async () => {
    store = await startRealApi();
    operator = (await createToken(store.admin, { role: 'operator', customer: '' })).token;
  });
  after(() => store.stop());

  /** A token that was just made is in force within 2 s, so that long a 401 is asked again. */
  async function ask<T extends z.ZodType>(schema: T, path: string, token = operator): Promise<z.output<T>> {
    const get = () => fetch(`${store.api}${path}`, { headers: { authorization: `Bearer ${token}` } });
    let answer = await get();
    for (const end = Date.now() + 2_000; answer.status === 401 && Date.now() < end; answer = await get()) {
      await sleep(100);
    }
    const body = await answer.text();
    assert.equal(answer.status, 200, body);
    return schema.parse(JSON.parse(body));
  }
  const status = async (path: string, token: string) =>
    (await fetch(`${store.api}${path}`, { headers: { authorization: `Bearer ${token}` } })).status;
  const range = (from: number, to: number) => `from=${iso(at(from))}&to=${iso(at(to))}`;
  const windows = (host: string, customer: string, from: number, to: number, rest: Partial<BatchRow> = {}) =>
    Array.from({ length: to - from }, (_, index) => ({
      host,
      startMs: at(from + index),
      customers: [customer],
      seq: 1_000 + from + index,
      ...rest,
    }));

  it('sums histograms and says null where nothing was measured, 0 where nothing happened', async () => {
    await insertSamples(store.admin, [
      { customer: 'lat', metric: 'tcp.rtt', startMs: at(0), buckets: { [-56]: 1, [-55]: 2 }, sum: 0.025 },
      {
        customer: 'lat',
        metric: 'tcp.rtt',
        startMs: at(1),
        buckets: { [-55]: 4, [-8]: 1 },
        sum: 1,
        app: 'db',
      },
      { customer: 'other', metric: 'tcp.rtt', startMs: at(0), buckets: { [0]: 1_000 }, sum: 1_000 },
      {
        customer: 'lat',
        metric: 'tcp.connect.duration',
        startMs: at(0),
        buckets: { [0]: 1_000 },
        sum: 1_000,
      },
    ]);
    await insertBatches(store.admin, windows('lat-1', 'lat', 0, 4));
    await insertBatches(store.admin, windows('lat-1', 'lat', 6, 8));
    // The same rows again: written twice is written once.
    await insertSamples(store.admin, [
      { customer: 'lat', metric: 'tcp.rtt', startMs: at(0), buckets: { [-56]: 1, [-55]: 2 }, sum: 0.025 },
    ]);
    const answer = await ask(latencyAnswer, `/v1/customers/lat/latency?${range(0, 8)}&step=10s`);
    assert.deepEqual(
      answer.points.map((point) => [point.time, point.count]),
      [
        [iso(at(0)), 8],
        [iso(at(2)), 0],
        [iso(at(4)), null],
        [iso(at(6)), 0],
      ],
    );
    const [first, quiet] = answer.points;
    // Of 1, 6 and 1 values, the 4th, 8th and 8th; each is its bucket's geometric middle.
    assert.deepEqual(
      [first?.p50, first?.p90, first?.p99],
      [2 ** (-54.5 / 8), 2 ** (-7.5 / 8), 2 ** (-7.5 / 8)],
    );
    assert.ok(Math.abs((first?.mean ?? 0) - 1.025 / 8) < 1e-12);
    assert.deepEqual([quiet?.p50, quiet?.mean], [null, null]);
    assert.deepEqual(answer.completeness, {
      windows_expected: 8,
      windows_received: 6,
      ratio: 0.75,
      points_lost: 0,
    });
    const ofApp = await ask(latencyAnswer, `/v1/customers/lat/latency?${range(0, 8)}&step=10s&app=db`);
    assert.deepEqual(
      ofApp.points.map((point) => point.count),
      [5, 0, null, 0],
    );
  });

  it('counts drops exactly, folds the platform for the customer and explains', async () => {
    const drop = (reason: string, cause: string, fault: string) => ({
      'drop.reason': reason,
      'drop.cause': cause,
      'drop.fault': fault,
      'drop.place': 'input',
      'drop.way': 'rx_socket',
    });
    const sample = (window: number, metric: string, value: number, attributes: Record<string, string>) => ({
      ...{ customer: 'dro', metric, startMs: at(window), value, attributes },
    });
    const [noSocket, own, theirs, qdisc] = [
      drop('NO_SOCKET', 'no_listener', 'customer'),
      drop('NETFILTER_DROP', 'policy', 'customer'),
      drop('NETFILTER_DROP', 'policy', 'platform'),
      drop('QDISC_DROP', 'host_congestion', 'platform'),
    ];
    await insertSamples(store.admin, [
      sample(0, 'packet.drops', 50, noSocket),
      sample(0, 'packet.drop.bytes', 5_000, noSocket),
      sample(1, 'packet.drops', 30, own),
      sample(2, 'packet.drops', 40, own),
      sample(2, 'packet.drops', 7, theirs),
      sample(2, 'packet.drops', 5, qdisc),
    ]);
    await insertBatches(store.admin, windows('dro-1', 'dro', 0, 3, { lost: { drop_map_full: 2 } }));
    const { token } = await createToken(store.admin, { role: 'customer', customer: 'dro' });
    const path = `/v1/customers/dro/drops?${range(0, 4)}&step=5s`;
    const mine = await ask(dropsAnswer, path, token);
    assert.deepEqual(mine.totals, { packets: 132, bytes: 5_000 });
    assert.deepEqual(
      mine.points.map(({ packets }) => packets),
      [50, 30, 52, null],
    );
    assert.deepEqual(
      mine.groups.map(({ reason, cause, fault, packets }) => [reason, cause, fault, packets]),
      [
        ['NETFILTER_DROP', 'policy', 'customer', 70],
        ['NO_SOCKET', 'no_listener', 'customer', 50],
        ['platform', 'platform', 'platform', 12],
      ],
    );
    assert.deepEqual(
      mine.groups.at(0)?.points.map((point) => point.packets),
      [0, 30, 40, null],
    );
    assert.match(mine.groups[0]?.explanation ?? '', /inside your own network/);
    assert.match(mine.groups[2]?.remedy ?? '', /Nothing is needed from you/);
    assert.equal(mine.completeness.points_lost, 6);
    assert.ok(!JSON.stringify(mine).includes('QDISC_DROP'));
    const seen = await ask(dropsAnswer, path);
    assert.deepEqual(
      seen.groups.map(({ reason, fault, packets }) => [reason, fault, packets]),
      [
        ['NETFILTER_DROP', 'customer', 70],
        ['NO_SOCKET', 'customer', 50],
        ['NETFILTER_DROP', 'platform', 7],
        ['QDISC_DROP', 'platform', 5],
      ],
    );
    const byCause = await ask(dropsAnswer, `${path}&by=cause`, token);
    assert.deepEqual(
      byCause.groups.map(({ name, reason, packets }) => [name, reason, packets]),
      [
        ['policy', null, 70],
        ['no_listener', null, 50],
        ['platform', null, 12],
      ],
    );
    for (const by of ['fault', 'place', 'app', 'instance']) {
      assert.equal((await ask(dropsAnswer, `${path}&by=${by}`, token)).totals.packets, 132, by);
    }
    assert.equal((await ask(dropsAnswer, `${path}&by=host`)).groups[0]?.name, 'h1');
  });

  it('shows sampled drops newest first, the platform folded', async () => {
    await insertEvents(store.admin, [
      { customer: 'eve', timeMs: at(0), reason: 'NO_SOCKET', cause: 'no_listener', fault: 'customer' },
      {
        customer: 'eve',
        timeMs: at(1),
        reason: 'QDISC_DROP',
        cause: 'host_congestion',
        fault: 'platform',
        interface: 'core0',
      },
      { customer: 'other', timeMs: at(1), reason: 'NO_SOCKET', cause: 'no_listener', fault: 'customer' },
    ]);
    const { token } = await createToken(store.admin, { role: 'customer', customer: 'eve' });
    const path = `/v1/customers/eve/events?${range(0, 4)}`;
    const mine = await ask(eventsAnswer, path, token);
    assert.deepEqual(
      mine.events.map(({ time, reason, cause, place }) => [time, reason, cause, place]),
      [
        [iso(at(1)), 'platform', 'platform', 'platform'],
        [iso(at(0)), 'NO_SOCKET', 'no_listener', 'input'],
      ],
    );
    assert.ok(!JSON.stringify(mine).includes('core0'));
    assert.deepEqual(
      (await ask(eventsAnswer, `${path}&limit=1`)).events.map((event) => event.interface),
      ['core0'],
    );
  });

  it('answers with nulls for a customer of whom nothing is known, and for times before all data', async () => {
    const nobody = await ask(dropsAnswer, '/v1/customers/nobody/drops');
    assert.deepEqual(
      [nobody.totals, nobody.groups, nobody.freshness],
      [{ packets: null, bytes: null }, [], null],
    );
    assert.equal(nobody.completeness.ratio, null);
    const past = 'from=2020-01-01T00:00:00Z&to=2020-01-01T01:00:00Z';
    const long = await ask(latencyAnswer, `/v1/customers/lat/latency?${past}`);
    assert.ok(long.points.every((point) => point.count === null));
    assert.equal(long.completeness.windows_expected, 0);
  });

  it('lets a goodbye, a gap, a takeover and a rule that went away count as what they are', async () => {
    const cases: [string, readonly BatchRow[], { expected: number; received: number; freshness: number }][] =
      [
        // A dead host goes on being expected, and freshness stays where it died.
        ['dead', windows('dead-1', 'dead', 0, 4), { expected: 12, received: 4, freshness: 4 }],
        // Before its first window and after its goodbye nothing was measured.
        [
          'bye',
          [...windows('bye-1', 'bye', 2, 5), ...windows('bye-1', 'bye', 5, 6, { goodbye: true })],
          { expected: 4, received: 4, freshness: 6 },
        ],
        // An agent ends and the next begins within one window, and another starts later.
        [
          'next',
          [
            ...windows('next-1', 'next', 0, 3),
            ...windows('next-1', 'next', 3, 4, { goodbye: true }),
            ...windows('next-1', 'next', 3, 5, { run: OTHER_RUN }),
            ...windows('next-1', 'next', 5, 6, { run: OTHER_RUN, goodbye: true }),
            ...windows('next-1', 'next', 9, 12),
          ],
          { expected: 9, received: 9, freshness: 12 },
        ],
        // Killed without a goodbye: the gap is missing.
        [
          'gap',
          [...windows('gap-1', 'gap', 0, 3), ...windows('gap-1', 'gap', 8, 12, { run: OTHER_RUN })],
          { expected: 12, received: 7, freshness: 12 },
        ],
        // The host no longer watches for the customer, then does again.
        [
          'rule',
          [
            ...windows('rule-1', 'rule', 0, 3),
            ...windows('rule-1', 'else', 3, 8),
            ...windows('rule-1', 'rule', 8, 12),
          ],
          { expected: 7, received: 7, freshness: 12 },
        ],
        // It was there before the range and never came back in it.
        ['lost', windows('lost-1', 'lost', -9, -3), { expected: 12, received: 0, freshness: -3 }],
        // It began before the range and goes on.
        ['full', windows('full-1', 'full', -9, 12), { expected: 12, received: 12, freshness: 12 }],
        // The slowest of two hosts says how fresh the answer is.
        [
          'two',
          [...windows('two-1', 'two', 0, 12), ...windows('two-2', 'two', 0, 10)],
          { expected: 24, received: 22, freshness: 10 },
        ],
      ];
    for (const [customer, batches, { expected, received, freshness }] of cases) {
      await insertBatches(store.admin, batches);
      await insertBatches(store.admin, batches);
      const answer = await ask(latencyAnswer, `/v1/customers/${customer}/latency?${range(0, 12)}&step=1m`);
      const { windows_expected: wanted, windows_received: got, ratio } = answer.completeness;
      assert.deepEqual([wanted, got, ratio], [expected, received, received / expected], customer);
      assert.equal(answer.freshness, iso(at(freshness)), customer);
    }
  });

  it('is complete to exactly 1 while everything is in, the present included', async () => {
    const now = Math.floor(Date.now() / 5_000);
    const live = Array.from({ length: 60 }, (_, index) => ({
      ...{ host: 'live-1', startMs: (now - 60 + index) * 5_000, customers: ['live'], seq: index },
    }));
    await insertBatches(store.admin, live);
    const answer = await ask(dropsAnswer, '/v1/customers/live/drops?from=now-2m');
    assert.equal(answer.completeness.ratio, 1);
    assert.equal(answer.freshness, iso(now * 5_000));
    assert.deepEqual(answer.totals, { packets: 0, bytes: 0 });
    assert.ok(answer.points.some(({ packets }) => packets === 0));
  });

  it('shows operators the ledger and the customers', async () => {
    await insertBatches(store.admin, windows('led-1', 'led', -200, -198, { lost: { ring_full: 4 } }));
    const ledger = await ask(ledgerAnswer, `/v1/fleet/ledger?${range(-200, -198)}`);
    assert.deepEqual(
      ledger.windows.map(({ host, seq, lost, unattributed }) => [host, seq, lost, unattributed]),
      [801, 800].map((seq) => ['led-1', seq, { ring_full: 4 }, { 'packet.drops': 1 }]),
    );
    assert.equal(ledger.truncated, false);
    assert.equal((await ask(ledgerAnswer, `/v1/fleet/ledger?${range(-200, -198)}&limit=1`)).truncated, true);
    const { customers } = await ask(customersAnswer, '/v1/customers');
    for (const customer of ['dro', 'eve', 'led']) assert.ok(customers.includes(customer), customer);
  });

  it('accepts a new token at once and refuses a revoked one within 2 s', async () => {
    const { id, token } = await createToken(store.admin, { role: 'customer', customer: 'acme' });
    assert.equal(await status('/v1/customers/acme/drops', token), 200);
    assert.equal(await status('/v1/customers/globex/drops', token), 403);
    await revokeToken(store.admin, id);
    const began = Date.now();
    while ((await status('/v1/whoami', token)) !== 401) {
      assert.ok(Date.now() - began < 2_000, 'still accepted after 2 s');
      await sleep(25);
    }
    await revokeToken(store.admin, id);
    const listed = (await listTokens(store.admin)).find((entry) => entry.id === id);
    assert.deepEqual([listed?.revoked, listed?.customer], [true, 'acme']);
    assert.ok(Math.abs(Date.parse(listed?.created_at ?? '') - Date.now()) < 60_000, listed?.created_at);
    await assert.rejects(revokeToken(store.admin, 'tnone'), /no token has the id/);
    assert.ok(!store.apiLog().includes(token.slice(3)));
  });

  it('says of itself how it does', async () => {
    const metrics = await (await fetch(`${store.api}/metrics`)).text();
    assert.match(
      metrics,
      /bellwether_api_answers_total\{route="\/v1\/customers\/:customer\/drops",status="200"\} \d+/,
    );
    assert.match(metrics, /bellwether_api_query_duration_seconds_count\{query="hosts",outcome="ok"\} \d+/);
    assert.match(metrics, /bellwether_api_tokens \d+/);
    assert.ok(!metrics.includes('acme'));
  });
});
