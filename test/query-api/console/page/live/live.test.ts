import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Api } from '../../../../../query-api/console/page/api/api.js';
import { ApiProblem } from '../../../../../query-api/console/page/api/problem.js';
import { createLive } from '../../../../../query-api/console/page/live/live.js';
import { createStore } from '../../../../../query-api/console/page/live/state.js';
import type { State, Store } from '../../../../../query-api/console/page/live/state.js';
import { DEFAULT_RANGE } from '../../../../../query-api/console/page/range.js';
import { drops, group, latency, scope } from '../samples.js';

const settle = () => new Promise((resolve) => setImmediate(resolve));
const never = { now: () => 0, after: () => () => undefined };

function state(change: Partial<State> = {}): State {
  return {
    role: 'operator',
    customers: ['acme', 'globex'],
    customer: 'acme',
    range: DEFAULT_RANGE,
    paused: false,
    loading: true,
    snapshot: undefined,
    problem: undefined,
    clockOffsetMs: 0,
    ...change,
  };
}

/** Answers every view, naming the customer that was asked for. */
function api(change: Partial<Api> = {}): Api {
  return {
    clockOffsetMs: () => 0,
    whoami: () => Promise.resolve({ role: 'operator', customer: null }),
    customers: () => Promise.resolve(['acme', 'globex']),
    latency: (customer) => Promise.resolve(latency([1], { customer })),
    drops: (customer) => Promise.resolve(drops([group('policy', 'customer', [1])], { customer })),
    events: (customer) => Promise.resolve({ ...scope({ customer }), events: [] }),
    ...change,
  };
}

/** Whose each part of the snapshot is. */
function customerShown({ state: { snapshot } }: Store): string | undefined {
  if (snapshot === undefined) return undefined;
  const { customer, drops, rtt, events } = snapshot;
  return [customer, drops?.customer, rtt?.customer, events?.customer].join('/');
}

test('another customer takes the first one off the page at once, before any answer', async () => {
  const store = createStore(state());
  const live = createLive(api(), store, never, () => undefined);
  live.refresh();
  await settle();
  assert.equal(customerShown(store), 'acme/acme/acme/acme');
  live.setCustomer('globex');
  assert.equal(customerShown(store), undefined);
  await settle();
  assert.equal(customerShown(store), 'globex/globex/globex/globex');
});

test('an answer for the customer before does not come late and replace this one', async () => {
  const store = createStore(state());
  let release: (() => void) | undefined;
  const slow = api({
    drops: async (customer) => {
      if (customer === 'acme') await new Promise<void>((resolve) => (release = resolve));
      return drops([], { customer });
    },
  });
  const live = createLive(slow, store, never, () => undefined);
  live.refresh();
  await settle();
  live.setCustomer('globex');
  await settle();
  release?.();
  await settle();
  assert.equal(customerShown(store), 'globex/globex/globex/globex');
});

test('a view that fails keeps its last answer and names the problem', async () => {
  const store = createStore(state());
  let broken = false;
  const live = createLive(
    api({
      drops: (customer) =>
        broken
          ? Promise.reject(new ApiProblem('query_timeout', 504, 'The query took too long', ''))
          : Promise.resolve(drops([group('policy', 'customer', [7])], { customer })),
    }),
    store,
    never,
    () => undefined,
  );
  live.refresh();
  await settle();
  broken = true;
  live.refresh();
  await settle();
  assert.equal(store.state.problem?.code, 'query_timeout');
  assert.equal(store.state.snapshot?.drops?.groups[0]?.packets, 7);
  broken = false;
  live.refresh();
  await settle();
  assert.equal(store.state.problem, undefined);
});

test('a token that is revoked while the page is open ends the session', async () => {
  const store = createStore(state());
  const refusal = new ApiProblem('unauthorized', 401, 'A valid bearer token is needed', '');
  let told: ApiProblem | undefined;
  const live = createLive(api({ events: () => Promise.reject(refusal) }), store, never, (problem) => {
    told = problem;
  });
  live.refresh();
  await settle();
  assert.equal(told, refusal);
  assert.equal(store.state.snapshot, undefined);
});

test('nothing is planned while paused or hidden, and coming back asks at once', async () => {
  const store = createStore(state());
  let asked = 0;
  const live = createLive(
    api({
      drops: (customer) => {
        asked++;
        return Promise.resolve(drops([], { customer }));
      },
    }),
    store,
    { now: () => 0, after: () => () => undefined },
    () => undefined,
  );
  live.setHidden(true);
  await settle();
  assert.deepEqual([asked, live.nextAt], [0, undefined]);
  live.setHidden(false);
  await settle();
  assert.equal(asked, 1);
  assert.notEqual(live.nextAt, undefined);
  live.setPaused(true);
  assert.equal(live.nextAt, undefined);
  live.setRange({ ...DEFAULT_RANGE, id: '1h' });
  await settle();
  assert.deepEqual([asked, live.nextAt], [2, undefined], 'a new range is shown once, without going on');
});
