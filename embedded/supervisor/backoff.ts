/** How long to wait before a part is started again. */
export interface Backoff {
  /** Milliseconds to wait, given how long the part had been healthy before it ended. */
  next(healthyMs: number): number;
}

const FIRST_MS = 1_000;
const LONGEST_MS = 30_000;
/** A part that was well for so long is taken to have recovered. */
const RECOVERED_MS = 60_000;

/** 1 s, doubling to 30 s; from the beginning again once a part was healthy for a minute. */
export function createBackoff(): Backoff {
  let delay = FIRST_MS;
  return {
    next(healthyMs) {
      if (healthyMs >= RECOVERED_MS) delay = FIRST_MS;
      const current = delay;
      delay = Math.min(delay * 2, LONGEST_MS);
      return current;
    },
  };
}
