import { startOf } from './buckets.js';
import type { HourState, MinuteState } from './store.js';

/**
 * What is to be done about a bucket:
 * `make`: recompute it as of that many writes. `stands`: its seal has seen all there is.
 * `wait`: something that it is made from is not sealed; it comes again when that is.
 * `too_late`: what it would be made from is about to be removed or gone; it stays as it is.
 */
export type Decision =
  | { readonly kind: 'make'; readonly version: number }
  | { readonly kind: 'stands' }
  | { readonly kind: 'wait' }
  | { readonly kind: 'too_late' };

const STANDS: Decision = { kind: 'stands' };
const WAIT: Decision = { kind: 'wait' };

/** @param openFromMs raw rows of minutes before it may be removed while they are read. */
export function decideMinute(state: MinuteState | undefined, openFromMs: number): Decision {
  if (state === undefined || state.written === state.sealed) return STANDS;
  if (state.startMs < openFromMs) return { kind: 'too_late' };
  return { kind: 'make', version: state.written };
}

export function decideHour(state: HourState | undefined): Decision {
  if (state === undefined) return STANDS;
  if (state.open > 0) return WAIT;
  return state.attained === state.sealed ? STANDS : { kind: 'make', version: state.attained };
}

/** @param hours those of the day that were written to @param sealed writes that the day's seal has seen */
export function decideDay(hours: readonly HourState[], sealed: number): Decision {
  if (hours.some((hour) => decideHour(hour).kind !== 'stands')) return WAIT;
  const attained = hours.reduce((sum, hour) => sum + hour.sealed, 0);
  return attained === sealed ? STANDS : { kind: 'make', version: attained };
}

/** Those of the hours that lie in the day. */
export function hoursOf(dayMs: number, hours: readonly HourState[]): HourState[] {
  return hours.filter(({ startMs }) => startOf('day', startMs) === dayMs);
}

/**
 * Up to which day all are as they will stay: they are over so long that no row comes any more, and each stands.
 * @param hours with those of all days that may not stand @param days seals by start
 * @param settledMs start of the first day that rows may still come for
 */
export function finalUntil(
  hours: readonly HourState[],
  days: ReadonlyMap<number, number>,
  settledMs: number,
): number {
  const starts = new Set(hours.map(({ startMs }) => startOf('day', startMs)));
  const standing = (dayMs: number) =>
    decideDay(hoursOf(dayMs, hours), days.get(dayMs) ?? 0).kind === 'stands';
  return Math.min(settledMs, ...[...starts].filter((dayMs) => !standing(dayMs)));
}
