import type { Drops, Events, Latency } from '../api/answers.js';
import type { ApiProblem } from '../api/problem.js';
import type { Range } from '../range.js';

/** What the answers of one round were about; kept with them, so words and figures never mix two scopes. */
export interface Snapshot {
  readonly customer: string;
  readonly range: Range;
  readonly drops: Drops | undefined;
  readonly rtt: Latency | undefined;
  readonly connect: Latency | undefined;
  readonly events: Events | undefined;
}

export interface State {
  readonly role: 'customer' | 'operator';
  /** Customers to choose from; for a customer's token, that one. */
  readonly customers: readonly string[];
  readonly customer: string | undefined;
  readonly range: Range;
  /** The reader paused the updates. */
  readonly paused: boolean;
  /** A round for another customer or range is under way. */
  readonly loading: boolean;
  readonly snapshot: Snapshot | undefined;
  readonly problem: ApiProblem | undefined;
  /** Server clock minus this computer's, milliseconds: ages are told by the server's clock. */
  readonly clockOffsetMs: number;
}

export interface Store {
  readonly state: State;
  set(change: Partial<State>): void;
  /** Called after each change; returns the way to stop. */
  subscribe(listener: (state: State) => void): () => void;
}

export function createStore(initial: State): Store {
  let state = initial;
  const listeners = new Set<(state: State) => void>();
  return {
    get state() {
      return state;
    },
    set: (change) => {
      state = { ...state, ...change };
      for (const listener of listeners) listener(state);
    },
    subscribe: (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
}
