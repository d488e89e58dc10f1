import { setTimeout as delay } from 'node:timers/promises';

/** The time that a service lives in: the machine's, or a simulated one that a test moves. */
export interface Clock {
  /** Milliseconds that never go back; only differences mean something. */
  now(): number;
  /** Wall clock, Unix milliseconds. */
  unixMs(): number;
  /** Resolves after so long, and at once when the signal aborts. */
  sleep(milliseconds: number, signal?: AbortSignal): Promise<void>;
  /** The same ±20 %, so that those who wait for one thing do not all come back at once. */
  jittered(milliseconds: number): number;
}

export const systemClock: Clock = {
  now: () => performance.now(),
  unixMs: () => Date.now(),
  sleep: (milliseconds, signal) =>
    delay(milliseconds, undefined, signal === undefined ? {} : { signal }).catch(() => undefined),
  jittered: (milliseconds) => milliseconds * (0.8 + Math.random() * 0.4),
};
