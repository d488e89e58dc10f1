import { systemClock, type Clock } from '../../common/runtime/clock.js';

export interface RetryOptions {
  readonly firstPauseMs: number;
  readonly longestPauseMs: number;
  /** False: the error is thrown on. Called once a failure, so it is also where failures are counted. */
  readonly shouldRetry: (error: unknown) => boolean;
  /** Aborts the pause and the tries. */
  readonly signal: AbortSignal;
  /** Whose time the pauses take; the machine's without it. */
  readonly clock?: Clock | undefined;
}

/** The process stops while something was being tried again. */
export class Stopped extends Error {
  constructor() {
    super('stopped while it was being tried again');
    this.name = 'Stopped';
  }
}

/**
 * Tries until it works, with growing pauses (±20 %). No limit in number: the caller holds its input back
 * meanwhile, and each failure is counted.
 * @throws Stopped when the signal aborts; whatever `shouldRetry` refuses.
 */
export async function tryAgain<T>(work: () => Promise<T>, options: RetryOptions): Promise<T> {
  const clock = options.clock ?? systemClock;
  let pause = options.firstPauseMs;
  for (;;) {
    if (options.signal.aborted) throw new Stopped();
    try {
      return await work();
    } catch (error) {
      if (!options.shouldRetry(error)) throw error;
    }
    await clock.sleep(clock.jittered(pause), options.signal);
    pause = Math.min(pause * 2, options.longestPauseMs);
  }
}
