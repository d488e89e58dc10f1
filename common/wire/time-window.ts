/** Which times a message's rows may have: outside of them the table has no partition, or drops it at once. */
export interface TimeWindow {
  readonly earliestMs: number;
  readonly latestMs: number;
}

/** Host clocks may be ahead of the broker's by this much, milliseconds. */
const FUTURE_LIMIT_MS = 300_000;

/** Measured against the record's own time, so that a replay days later decides the same. */
export function timeWindow(recordMs: number, retentionMs: number): TimeWindow {
  return { earliestMs: recordMs - retentionMs, latestMs: recordMs + FUTURE_LIMIT_MS };
}

export interface TimeProblem {
  readonly reason: 'too_old' | 'too_new';
  readonly detail: string;
}

/** Undefined when the time lies in the window. */
export function timeProblem(window: TimeWindow, timeMs: number, what: string): TimeProblem | undefined {
  const { earliestMs, latestMs } = window;
  if (timeMs < earliestMs) {
    const detail = `${what} ${iso(timeMs)} is before ${iso(earliestMs)}: older than the raw retention`;
    return { reason: 'too_old', detail };
  }
  if (timeMs > latestMs) {
    const detail = `${what} ${iso(timeMs)} is after ${iso(latestMs)}: is the host's clock ahead?`;
    return { reason: 'too_new', detail };
  }
  return undefined;
}

function iso(timeMs: number): string {
  const time = new Date(timeMs);
  return Number.isNaN(time.getTime()) ? `${timeMs} ms` : time.toISOString();
}
