import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { z } from 'zod';
import { Principal } from '../../../common/auth/principal.js';
import { ROLLUPS, type StoredRange, type Stretch } from '../../../query-api/plan/resolution.js';
import { planCoveredSteps, planHosts, planSessions } from '../../../query-api/plan/coverage.js';
import { DROP_GROUPINGS, planDrops } from '../../../query-api/plan/drops.js';
import { planEvents } from '../../../query-api/plan/events.js';
import { planLatency } from '../../../query-api/plan/latency.js';
import { planCustomers, planLedger } from '../../../query-api/plan/ledger.js';
import {
  METRIC_GROUPINGS,
  planGauges,
  planIncreases,
  planMetricNames,
} from '../../../query-api/plan/metrics.js';
import { Query } from '../../../query-api/plan/query.js';
import { onlyRaw } from '../../../query-api/plan/retention.js';
import { CustomerScope, FleetScope, type Scope } from '../../../query-api/plan/scope.js';
import { planCleanRuns } from '../../../query-api/plan/seals.js';
import { sql } from '../../../query-api/plan/sql.js';
import { hasCode } from '../errors.js';

const operator = Principal.ofToken({ id: 'o', role: 'operator', customer: '' });
const holderOf = (customer: string) => Principal.ofToken({ id: 'c', role: 'customer', customer });

/** Texts that try to leave their place. */
const hostile = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 40 }),
  fc.constantFrom(
    "acme' OR '1'='1",
    "'; DROP TABLE bellwether.samples; --",
    '{customer:String}',
    'acme\\',
    '`',
    '/*',
  ),
);

const ranges = fc
  .record({ fromMs: fc.integer({ min: 0, max: 2e12 }), steps: fc.integer({ min: 1, max: 11_000 }) })
  .map(({ fromMs, steps }) => ({
    ...onlyRaw({ fromMs, toMs: fromMs + steps * 5_000, stepMs: 5_000 }, fromMs),
    // As if raw were gone of the older half, whose buckets are told by their seals.
    rawFromMs: fromMs + Math.floor(steps / 2) * 5_000 + 1,
    rollups: ROLLUPS,
  }));

/** Stretches of every resolution, always in the same order, so that the text is the same for all ranges. */
function everyResolution({ fromMs, toMs }: StoredRange): Stretch[] {
  const part = (toMs - fromMs) / 5;
  return (['day', 'hour', 'raw', 'minute', 'raw'] as const).map((resolution, index) => ({
    fromMs: fromMs + index * part,
    // The last instant lies after all floors: no stretch is left out because nothing of it is stored.
    toMs: toMs + 1,
    resolution,
  }));
}

/** Every plan that a scope of either kind can have. */
function plansOf(scope: Scope, range: StoredRange, text: string): Query<unknown>[] {
  const stretches = everyResolution(range);
  return [
    planLatency(scope, { signal: text, app: undefined, range, stretches }),
    planLatency(scope, { signal: 'tcp.rtt', app: text, range, stretches }),
    ...DROP_GROUPINGS.map((by) => planDrops(scope, { by, range, stretches })),
    ...METRIC_GROUPINGS.flatMap((by) => {
      const request = { metric: text, by, range, firstStepMs: range.fromMs, stretches };
      return [planIncreases(scope, request), planGauges(scope, request)];
    }),
    planMetricNames(scope, { range, stretches, limit: 1 }),
    planEvents(scope, { range, limit: 100 }),
    planHosts(scope, range, range.toMs),
    planSessions(scope, range),
    planCoveredSteps(scope, range),
  ];
}

const count = (text: string, pattern: RegExp) => [...text.matchAll(pattern)].length;

describe('scope', () => {
  it('narrows every table access of every plan to the customer of the token, as a bound parameter', () => {
    fc.assert(
      fc.property(hostile, hostile, ranges, (customer, text, range) => {
        const scope = CustomerScope.grant(holderOf(customer), customer);
        for (const plan of plansOf(scope, range, text)) {
          const tables = count(plan.text, /\bbellwether\.(?!seals\b)\w+/g);
          const bound =
            count(
              plan.text,
              /FROM bellwether\.(latency|drops|(events|samples|minutes|hours|days) FINAL) WHERE customer = \{customer:String\} AND \(/g,
            ) +
            count(
              plan.text,
              /has\(customers, \{customer:String\}\) AS covers,[^;]*? FROM bellwether\.fleet WHERE/g,
            );
          assert.ok(tables > 0, plan.name);
          assert.equal(bound, tables, `${plan.name}: ${plan.text}`);
          assert.equal(plan.parameters['customer'], customer, plan.name);
          assert.equal(plan.scope, scope);
        }
      }),
    );
  });

  it('puts nothing of a request into the text of a query', () => {
    const texts = new Map<string, string>();
    fc.assert(
      fc.property(hostile, hostile, ranges, (customer, text, range) => {
        const plans = plansOf(CustomerScope.grant(holderOf(customer), customer), range, text);
        plans.forEach((plan, index) => {
          const key = `${index} ${plan.name}`;
          assert.equal(plan.text, texts.get(key) ?? plan.text, plan.name);
          texts.set(key, plan.text);
        });
      }),
    );
  });

  it("shows a customer no column of the ledger that is about others, and folds the platform's reasons", () => {
    const range = onlyRaw({ fromMs: 0, toMs: 5_000, stepMs: 5_000 }, 0);
    const scope = CustomerScope.grant(holderOf('acme'), 'acme');
    for (const plan of [
      planHosts(scope, range, 0),
      planSessions(scope, range),
      planCoveredSteps(scope, range),
    ]) {
      assert.doesNotMatch(plan.text, /unattributed|emitted_points|\bcustomers\b(?!, \{customer)/, plan.name);
    }
    const folded = /if\(fault = 'platform', 'platform', reason\)/;
    assert.match(planDrops(scope, { by: 'reason', range, stretches: everyResolution(range) }).text, folded);
    const seen = CustomerScope.grant(operator, 'acme');
    assert.doesNotMatch(
      planDrops(seen, { by: 'reason', range, stretches: everyResolution(range) }).text,
      folded,
    );
  });

  it('is granted to the token of the customer and to operators, refused in the same words to all others', () => {
    fc.assert(
      fc.property(hostile, hostile, (mine, other) => {
        fc.pre(mine !== other);
        assert.equal(CustomerScope.grant(holderOf(mine), mine).customer, mine);
        assert.equal(CustomerScope.grant(operator, other).customer, other);
        const words =
          /^this path is not open to this token; a customer's token opens that customer's paths only$/;
        assert.throws(() => CustomerScope.grant(holderOf(mine), other), hasCode('forbidden', words));
        assert.throws(() => FleetScope.grant(holderOf(mine)), hasCode('forbidden'));
      }),
    );
  });

  it('lets no plan say which customer, nor forget a value', () => {
    const scope = CustomerScope.grant(operator, 'acme');
    const row = z.object({});
    const plan = (parameters: Record<string, string>) => () =>
      Query.of({ name: 'x', scope, sql: sql`SELECT {customer:String}`, parameters, row });
    assert.doesNotThrow(plan({}));
    assert.throws(plan({ customer: 'globex' }), /only the scope says which customer/);
    assert.throws(plan({ other: '1' }), /no match for other/);
    const unscoped = () => Query.of({ name: 'x', scope, sql: sql`SELECT 1`, parameters: {}, row });
    assert.throws(unscoped, /no match for customer/);
  });

  it('reads without a scope nothing but what holds nothing of anybody', () => {
    const range = onlyRaw({ fromMs: 0, toMs: 86_400_000, stepMs: 86_400_000 }, 0);
    const plan = planCleanRuns(range);
    assert.equal(plan.scope, undefined);
    const tables = [...plan.text.matchAll(/\b(?:FROM|JOIN)\s+([\w.]+)/g)].map(([, table]) => table);
    assert.deepEqual(tables, ['bellwether.seals', 'bellwether.touches']);
    const other = sql`SELECT 1 FROM bellwether.samples`;
    const unscoped = () => Query.ofBuckets({ name: 'x', sql: other, parameters: {}, row: z.object({}) });
    assert.throws(unscoped, /bellwether\.samples cannot be read without a scope/);
  });

  it('reads the fleet only by an operator', () => {
    const fleet = FleetScope.grant(operator);
    const range = onlyRaw({ fromMs: 0, toMs: 5_000, stepMs: 5_000 }, 0);
    for (const plan of [
      planLedger(fleet, { range, limit: 1 }),
      planCustomers(fleet, 0),
      ...plansOf(fleet, range, 'x'),
    ]) {
      assert.ok(!('customer' in plan.parameters), plan.name);
    }
  });
});
