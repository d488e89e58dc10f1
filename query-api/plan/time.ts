import { z } from 'zod';
import { BellwetherError } from '../../common/runtime/errors.js';

const UNIT_MS = { d: 86_400_000, h: 3_600_000, m: 60_000, s: 1_000 } as const;

/** Units from large to small, each once at most: `2h30m`, not `30m2h`. */
const DURATION = /^(?:(\d{1,4})d)?(?:(\d{1,6})h)?(?:(\d{1,7})m)?(?:(\d{1,9})s)?$/;

/** RFC 3339 with a zone; zod checks the calendar too (no 30 February). */
const instant = z.iso.datetime({ offset: true });

/** Times outside this are typing errors, and the store's time type ends before them. */
const EARLIEST_MS = Date.UTC(1970, 0, 1);
const LATEST_MS = Date.UTC(2200, 0, 1);

/** A value of the request as an error quotes it: short, and as a JSON string so that nothing in it is live. */
export function quoted(value: string): string {
  return JSON.stringify(value.length > 64 ? `${value.slice(0, 61)}...` : value);
}

/**
 * A duration such as `10s`, `1m`, `2h30m`.
 * @returns milliseconds, or undefined when the text is no duration or is 0
 */
export function parseDuration(text: string): number | undefined {
  const match = DURATION.exec(text);
  if (match === null) return undefined;
  const [, days = '0', hours = '0', minutes = '0', seconds = '0'] = match;
  const total =
    Number(days) * UNIT_MS.d +
    Number(hours) * UNIT_MS.h +
    Number(minutes) * UNIT_MS.m +
    Number(seconds) * UNIT_MS.s;
  return total === 0 ? undefined : total;
}

/** The shortest text of a duration in milliseconds that is a whole number of seconds: the inverse of {@link parseDuration}. */
export function formatDuration(milliseconds: number): string {
  let rest = milliseconds;
  let text = '';
  for (const [unit, length] of Object.entries(UNIT_MS)) {
    const whole = Math.floor(rest / length);
    if (whole > 0) text += `${whole}${unit}`;
    rest -= whole * length;
  }
  return text;
}

/**
 * A point in time: `now`, `now-2h30m`, or RFC 3339 with a zone.
 * @returns Unix milliseconds
 * @throws BellwetherError `bad_request` that names the parameter, what it held and what would be right.
 */
export function parseTime(name: string, text: string, nowMs: number): number {
  const time = relativeTime(text, nowMs) ?? absoluteTime(text);
  if (time === undefined) {
    const hint = /T.* \d\d:?\d\d$/.test(text) ? ' (a + in a URL must be sent as %2B)' : '';
    throw new BellwetherError(
      'bad_request',
      `${name}: ${quoted(text)} is not a time${hint}; right would be RFC 3339 with a zone such as 2026-01-31T12:00:00Z, or relative such as now, now-5m, now-2h30m (units d, h, m, s)`,
    );
  }
  if (time < EARLIEST_MS || time > LATEST_MS) {
    throw new BellwetherError(
      'bad_request',
      `${name}: ${quoted(text)} lies outside 1970-01-01T00:00:00Z to 2200-01-01T00:00:00Z`,
    );
  }
  return time;
}

function relativeTime(text: string, nowMs: number): number | undefined {
  if (text === 'now') return nowMs;
  if (!text.startsWith('now-')) return undefined;
  const back = parseDuration(text.slice('now-'.length));
  return back === undefined ? undefined : nowMs - back;
}

function absoluteTime(text: string): number | undefined {
  // RFC 3339 allows small letters too.
  const upper = text.toUpperCase();
  return instant.safeParse(upper).success ? Date.parse(upper) : undefined;
}

/** RFC 3339 in UTC with milliseconds. */
export function formatTime(milliseconds: number): string {
  return new Date(milliseconds).toISOString();
}
