import { readCustomers, readDrops, readEvents, readIdentity, readLatency } from './answers.js';
import type { Api } from './api.js';
import { offsetOf } from './clock.js';
import { AnswerInvalid } from './decode.js';
import { ANSWER_INVALID, ApiProblem, problemOf, UNREACHABLE } from './problem.js';
import type { Range } from '../range.js';

/** An answer that has not come by then will not help a page that polls every few seconds. */
const TIMEOUT_MS = 15_000;
const EVENTS_MAX = 50;

/** Each call rejects with ApiProblem, or with the abort reason when `signal` is aborted. */
export function createApi(token: string): Api {
  let clockOffsetMs = 0;
  const get = <T>(path: string, query: Query, read: (value: unknown) => T, signal: AbortSignal): Promise<T> =>
    ask(path, query, read, token, signal, (response) => {
      clockOffsetMs = offsetOf(response.headers.get('date')) ?? clockOffsetMs;
    });
  return {
    clockOffsetMs: () => clockOffsetMs,
    whoami: (signal) => get('/v1/whoami', {}, readIdentity, signal),
    customers: (signal) => get('/v1/customers', {}, readCustomers, signal),
    latency: (customer, name, range, signal) =>
      get(customerPath(customer, 'latency'), { signal: name, ...span(range) }, readLatency, signal),
    drops: (customer, range, signal) =>
      get(customerPath(customer, 'drops'), { ...span(range), by: 'reason' }, readDrops, signal),
    events: (customer, range, signal) => {
      const { from, to } = span(range);
      const query = { from, to, limit: String(EVENTS_MAX) };
      return get(customerPath(customer, 'events'), query, readEvents, signal);
    },
  };
}

function customerPath(customer: string, view: string): string {
  return `/v1/customers/${encodeURIComponent(customer)}/${view}`;
}

function span(range: Range): { from: string; to: string; step: string } {
  return { from: `now-${range.id}`, to: 'now', step: range.step };
}

type Query = Readonly<Record<string, string>>;

async function ask<T>(
  path: string,
  query: Query,
  read: (value: unknown) => T,
  token: string,
  signal: AbortSignal,
  onResponse: (response: Response) => void,
): Promise<T> {
  const search = new URLSearchParams(query).toString();
  try {
    const response = await fetch(search === '' ? path : `${path}?${search}`, {
      headers: { authorization: `Bearer ${token}`, accept: 'application/json' },
      cache: 'no-store',
      credentials: 'omit',
      redirect: 'error',
      signal: AbortSignal.any([signal, AbortSignal.timeout(TIMEOUT_MS)]),
    });
    onResponse(response);
    if (!response.ok) throw await problemOf(response);
    return read(await response.json());
  } catch (thrown) {
    if (signal.aborted || thrown instanceof ApiProblem) throw thrown;
    if (thrown instanceof AnswerInvalid || thrown instanceof SyntaxError) {
      throw new ApiProblem(
        ANSWER_INVALID,
        200,
        'The API gave an answer that this page cannot read',
        `In ${path}: ${thrown.message}.`,
      );
    }
    const why = thrown instanceof Error && thrown.name === 'TimeoutError' ? 'within 15 seconds' : 'at all';
    throw new ApiProblem(UNREACHABLE, 0, 'The API does not answer', `${path} did not answer ${why}.`);
  }
}
