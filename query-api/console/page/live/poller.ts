/** What the poller needs of the world: a clock that a test can hold still. */
export interface Timers {
  now(): number;
  after(delayMs: number, run: () => void): () => void;
}

/** How one round went. */
export interface Outcome {
  readonly ok: boolean;
  /** The API asked to be left alone for this long. */
  readonly retryAfterMs?: number | undefined;
}

export interface Poller {
  /** Polls now and then regularly; a round under way is abandoned. */
  restart(): void;
  /** No further round; the one under way is aborted. */
  stop(): void;
  /** Unix milliseconds of the next round; undefined while one runs or when stopped. */
  readonly nextAt: number | undefined;
}

export const POLL_INTERVAL_MS = 5_000;
export const BACKOFF_MAX_MS = 60_000;

/** Wait before the next round: the interval, doubled for each failure in a row, at most a minute. */
export function waitMs(failures: number, retryAfterMs = 0): number {
  const doubled = POLL_INTERVAL_MS * 2 ** Math.min(failures, 10);
  return Math.min(Math.max(doubled, retryAfterMs), BACKOFF_MAX_MS);
}

export interface PollerOptions {
  readonly round: (signal: AbortSignal) => Promise<Outcome>;
  /** Whether another round is wanted after this one: not while paused or hidden. */
  readonly again: () => boolean;
  /** Called when the next round has been planned, or not. */
  readonly onPlanned: () => void;
  readonly timers: Timers;
}

/**
 * Runs `round` one at a time; the wait starts when a round has ended, so a slow API is never
 * asked twice at once.
 */
export function createPoller({ round, again, onPlanned, timers }: PollerOptions): Poller {
  let current: AbortController | undefined;
  let cancelTimer: (() => void) | undefined;
  let failures = 0;
  let nextAt: number | undefined;

  const clear = (): void => {
    current?.abort();
    cancelTimer?.();
    current = cancelTimer = nextAt = undefined;
  };

  const run = async (): Promise<void> => {
    clear();
    const mine = (current = new AbortController());
    const outcome = await round(mine.signal).catch((thrown: unknown): Outcome => {
      console.error(thrown);
      return { ok: false };
    });
    if (mine.signal.aborted) return;
    failures = outcome.ok ? 0 : failures + 1;
    if (again()) {
      const wait = waitMs(failures, outcome.retryAfterMs);
      nextAt = timers.now() + wait;
      cancelTimer = timers.after(wait, () => void run());
    }
    onPlanned();
  };

  return {
    restart: () => {
      failures = 0;
      void run();
    },
    stop: clear,
    get nextAt() {
      return nextAt;
    },
  };
}
