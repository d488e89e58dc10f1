import type { Api } from '../api/api.js';
import { rangeOf } from '../range.js';
import type { State } from './state.js';

/**
 * Asks the API whose token it is, and makes the first state from that and the page's address
 * (`?customer=acme&range=1h`, which can be bookmarked; the token never is part of it).
 * Rejects with ApiProblem when the token opens nothing.
 */
export async function signIn(api: Api, search: URLSearchParams): Promise<State> {
  const { signal } = new AbortController();
  const { role, customer } = await api.whoami(signal);
  const customers = role === 'operator' ? await api.customers(signal) : customer === null ? [] : [customer];
  const wanted = search.get('customer');
  return {
    role,
    customers,
    customer: customers.find((name) => name === wanted) ?? customers[0],
    range: rangeOf(search.get('range')),
    paused: false,
    loading: true,
    snapshot: undefined,
    problem: undefined,
    clockOffsetMs: 0,
  };
}
