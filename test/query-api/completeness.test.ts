import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import fc from 'fast-check';
import { createLogger } from '../../common/runtime/log.js';
import { connectClickHouse, type ClickHouseClient } from '../../common/clickhouse/connection.js';
import { Principal } from '../../common/auth/principal.js';
import { planCoveredSteps, planHosts, planSessions } from '../../query-api/plan/coverage.js';
import { createExecutor, type Executor } from '../../query-api/plan/executor.js';
import { onlyRaw } from '../../query-api/plan/retention.js';
import { CustomerScope } from '../../query-api/plan/scope.js';
import { completenessOf, freshnessOf, plainSessions } from '../../query-api/views/completeness.js';
import { startRealStore, type RealStore } from './real-store.js';
import { insertBatches, OTHER_RUN, type BatchRow } from './rows.js';

const WINDOW_MS = 5_000;
const BASE = Math.floor(Date.now() / 60_000) * 60_000 - 7_200_000;
/** Windows before the range, in it, and after it; the present is three windows later than the last. */
const [FIRST, FROM, TO, LAST] = [-8, 0, 20, 24];
const NOW = BASE + (LAST + 3) * WINDOW_MS;
const GRACE_MS = 10_000;

/** What a host did in a window. */
const DEEDS = ['silent', 'batch', 'batch', 'batch', 'goodbye', 'takeover', 'for-others'] as const;
type Deed = (typeof DEEDS)[number];

const LENGTH = LAST - FIRST;
const deed = fc.constantFrom(...DEEDS);
/** Deeds at random, or long stretches of the same. */
const timelines = fc.oneof(
  fc.array(deed, { minLength: LENGTH, maxLength: LENGTH }),
  fc
    .array(fc.tuple(deed, fc.integer({ min: 1, max: 16 })), { minLength: LENGTH, maxLength: LENGTH })
    .map((stretches) => stretches.flatMap(([same, times]) => Array<Deed>(times).fill(same)).slice(0, LENGTH)),
);

const stretch = (same: Deed, times: number) => Array<Deed>(times).fill(same);
/** What chance seldom makes: a rule that goes away at the edge of the range. */
const EDGES: Deed[][] = [
  [...stretch('batch', -FIRST), ...stretch('for-others', LAST)],
  [...stretch('batch', -FIRST), ...stretch('silent', 5), ...stretch('for-others', LAST - 5)],
  [...stretch('batch', -FIRST), ...stretch('silent', LAST)],
  stretch('batch', LENGTH),
  [...stretch('batch', -FIRST), ...stretch('silent', 3), ...stretch('batch', LAST - 3)],
  [...stretch('silent', -FIRST), ...stretch('for-others', TO), ...stretch('batch', LAST - TO)],
];

function batchesOf(customer: string, deeds: readonly Deed[]): BatchRow[] {
  return deeds.flatMap((deed, index): BatchRow[] => {
    const batch = { host: `host-of-${customer}`, startMs: BASE + (FIRST + index) * WINDOW_MS, seq: index };
    const mine = { ...batch, customers: [customer, 'others'] };
    if (deed === 'silent') return [];
    if (deed === 'batch') return [mine];
    if (deed === 'goodbye') return [{ ...mine, goodbye: true }];
    if (deed === 'for-others') return [{ ...batch, customers: ['others'] }];
    return [
      { ...mine, goodbye: true },
      { ...mine, run: OTHER_RUN },
    ];
  });
}

/** The same by walking through the windows one by one. */
function model(deeds: readonly Deed[]) {
  const at = (window: number) => deeds[window - FIRST];
  const nextDeed = (window: number) =>
    Array.from({ length: Math.max(0, TO - window) }, (_, ahead) => at(window + ahead)).find(
      (deed) => deed !== 'silent',
    );
  let there = false;
  let expected = 0;
  let received = 0;
  for (let window = FIRST; window < TO; window += 1) {
    const deed = at(window);
    const counts = window >= FROM;
    // Silence before a batch that is for others: when the rule went away is not known, nobody is blamed.
    if (deed === 'silent' && there && counts && nextDeed(window) !== 'for-others') expected += 1;
    if (deed === 'silent') continue;
    if (deed !== 'for-others' && counts) {
      expected += 1;
      received += 1;
    }
    there = deed === 'batch' || deed === 'takeover';
  }
  const last = deeds.findLastIndex((deed) => deed !== 'silent');
  const seen = deeds.some((deed) => deed !== 'silent' && deed !== 'for-others');
  return { expected, received, freshness: seen ? BASE + (FIRST + last + 1) * WINDOW_MS : null };
}

describe('completeness over a real store', () => {
  let store: RealStore;
  let reader: ClickHouseClient;
  let executor: Executor;
  before(async () => {
    store = await startRealStore();
    reader = connectClickHouse({ url: store.url('reader'), application: 'test' });
    const log = createLogger('test', 'fatal');
    executor = createExecutor({ client: reader, log, observe: () => undefined });
  });
  after(async () => {
    await reader.close();
    await store.stop();
  });

  it('is what walking through the windows one by one gives', async () => {
    const samples = [...EDGES, ...fc.sample(timelines, { numRuns: 60, seed: Date.now() % 2 ** 31 })];
    const customers = samples.map((deeds, index) => ({ name: `customer-${index}`, deeds }));
    await insertBatches(
      store.admin,
      customers.flatMap(({ name, deeds }) => batchesOf(name, deeds)),
    );
    const range = onlyRaw({ fromMs: BASE, toMs: BASE + TO * WINDOW_MS, stepMs: WINDOW_MS }, 0);
    const { signal } = new AbortController();
    for (const { name, deeds } of customers) {
      const holder = Principal.ofToken({ id: 't', role: 'customer', customer: name });
      const scope = CustomerScope.grant(holder, name);
      const hosts = await executor.run(planHosts(scope, range, NOW), signal);
      const sessions = await executor.run(planSessions(scope, range), signal);
      const covered = await executor.run(planCoveredSteps(scope, range), signal);
      const clock = { nowMs: NOW, graceMs: GRACE_MS };
      const { windows_expected, windows_received } = completenessOf(hosts, sessions, range, clock);
      const plain = plainSessions(hosts, range);
      if (plain !== undefined) assert.deepEqual(plain, sessions, deeds.join(' '));
      const { expected, received, freshness } = model(deeds);
      assert.deepEqual([windows_expected, windows_received], [expected, received], deeds.join(' '));
      assert.equal(covered.length, received, deeds.join(' '));
      assert.equal(freshnessOf(hosts, NOW), freshness, deeds.join(' '));
    }
  });
});
