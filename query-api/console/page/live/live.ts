import type { Api } from '../api/api.js';
import { ApiProblem } from '../api/problem.js';
import type { Range } from '../range.js';
import { createPoller } from './poller.js';
import type { Outcome, Timers } from './poller.js';
import type { Snapshot, State, Store } from './state.js';

const CUSTOMERS_EVERY_MS = 30_000;

/** Keeps the store's snapshot up to date while somebody looks. */
export interface Live {
  /** Ask now, whatever the timer says. */
  refresh(): void;
  setCustomer(customer: string): void;
  setRange(range: Range): void;
  setPaused(paused: boolean): void;
  setHidden(hidden: boolean): void;
  /** Unix milliseconds of the next round, if one is planned. */
  readonly nextAt: number | undefined;
  stop(): void;
}

/** `onUnauthorized` is called when the token stops being valid while the page is open. */
export function createLive(
  api: Api,
  store: Store,
  timers: Timers,
  onUnauthorized: (problem: ApiProblem) => void,
): Live {
  let hidden = false;
  let listedAt = timers.now();
  const wanted = (): boolean => !store.state.paused && !hidden;
  const poller = createPoller({
    round: async (signal) => {
      if (store.state.role === 'operator' && timers.now() - listedAt >= CUSTOMERS_EVERY_MS) {
        listedAt = timers.now();
        await refreshCustomers(api, store, signal);
      }
      const { outcome, change, unauthorized } = await ask(api, store.state, signal);
      if (signal.aborted) return outcome;
      if (unauthorized === undefined) store.set(change);
      else onUnauthorized(unauthorized);
      return outcome;
    },
    again: wanted,
    onPlanned: () => store.set({}),
    timers,
  });
  const decide = (): void => {
    if (wanted()) poller.restart();
    else poller.stop();
  };
  return {
    refresh: () => poller.restart(),
    setCustomer: (customer) => {
      // Another customer's figures must not stand under this name for even one frame.
      store.set({ customer, snapshot: undefined, problem: undefined, loading: true });
      poller.restart();
    },
    setRange: (range) => {
      store.set({ range, loading: true });
      poller.restart();
    },
    setPaused: (paused) => {
      store.set({ paused });
      decide();
    },
    setHidden: (now) => {
      hidden = now;
      decide();
    },
    get nextAt() {
      return poller.nextAt;
    },
    stop: () => poller.stop(),
  };
}

/** A customer that came after the operator signed in is to be had without a reload. */
async function refreshCustomers(api: Api, store: Store, signal: AbortSignal): Promise<void> {
  const customers = await api.customers(signal).catch(() => undefined);
  if (customers === undefined || signal.aborted) return;
  store.set({ customers, customer: store.state.customer ?? customers[0] });
}

interface Round {
  readonly outcome: Outcome;
  readonly change: Partial<State>;
  /** The token opens nothing any more. */
  readonly unauthorized?: ApiProblem;
}

/** One round: the four answers of the customer and range in `state`. */
async function ask(api: Api, state: State, signal: AbortSignal): Promise<Round> {
  const { customer, range, snapshot: old } = state;
  if (customer === undefined) return { outcome: { ok: true }, change: { loading: false } };
  const [drops, rtt, connect, events] = await Promise.allSettled([
    api.drops(customer, range, signal),
    api.latency(customer, 'tcp.rtt', range, signal),
    api.latency(customer, 'tcp.connect.duration', range, signal),
    api.events(customer, range, signal),
  ]);
  const problem = [drops, rtt, connect, events].map(problemIn).find((found) => found !== undefined);
  const outcome = { ok: problem === undefined, retryAfterMs: problem?.retryAfterMs };
  if (problem?.status === 401) return { outcome, change: {}, unauthorized: problem };
  // One view that fails keeps what it showed last, if that was about the same customer and range.
  const last = old?.customer === customer && old.range === range ? old : undefined;
  const snapshot: Snapshot = {
    customer,
    range,
    drops: valueOf(drops) ?? last?.drops,
    rtt: valueOf(rtt) ?? last?.rtt,
    connect: valueOf(connect) ?? last?.connect,
    events: valueOf(events) ?? last?.events,
  };
  return { outcome, change: { snapshot, problem, loading: false, clockOffsetMs: api.clockOffsetMs() } };
}

function valueOf<T>(result: PromiseSettledResult<T>): T | undefined {
  return result.status === 'fulfilled' ? result.value : undefined;
}

function problemIn(result: PromiseSettledResult<unknown>): ApiProblem | undefined {
  if (result.status === 'fulfilled') return undefined;
  const thrown: unknown = result.reason;
  return thrown instanceof ApiProblem
    ? thrown
    : new ApiProblem('page_failed', 0, 'This page could not read the answer', String(thrown));
}
