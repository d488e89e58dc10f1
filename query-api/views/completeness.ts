import type { HostRow, SessionRow } from '../plan/coverage.js';
import { EXPECTED_FOR_MS } from '../plan/coverage.js';
import type { TimeRange } from '../plan/range.js';

export interface Completeness {
  readonly windows_expected: number;
  readonly windows_received: number;
  readonly ratio: number | null;
  readonly points_lost: number;
}

export interface Clock {
  readonly nowMs: number;
  /** A window is expected to be in this long after its end. */
  readonly graceMs: number;
}

/**
 * The stretches of the range in which hosts were there, read off the hosts alone. That does for hosts that
 * neither said goodbye nor stopped watching for the scope in it, which is nearly always all of them.
 * @returns undefined when a host did, or when the range is long enough for a day of silence.
 */
export function plainSessions(hosts: readonly HostRow[], range: TimeRange): SessionRow[] | undefined {
  if (range.toMs - range.fromMs > EXPECTED_FOR_MS) return undefined;
  const spoke = hosts.filter((host) => host.in_range);
  if (spoke.some((host) => host.breaks > 0)) return undefined;
  return spoke.map(({ host, first_start_ms, last_end_ms, window_ms, received, points_lost }) => ({
    ...{ host, first_start_ms, last_end_ms, window_ms, received, points_lost },
    opens_range: true,
    stopped: false,
  }));
}

/**
 * Expected are the windows of each stretch in which a host was there: from its first batch (or from
 * before the range) until it said goodbye, or until now when it did not, for at most a day of silence.
 * After a goodbye and before a host's first window nothing is expected, because nothing was measured.
 */
export function completenessOf(
  hosts: readonly HostRow[],
  sessions: readonly SessionRow[],
  range: TimeRange,
  clock: Clock,
): Completeness {
  const before = new Map(hosts.map((host) => [host.host, host]));
  let expected = 0;
  let received = 0;
  let lost = 0;
  for (const session of sessions) {
    const last = before.get(session.host);
    before.delete(session.host);
    const goesOn =
      last !== undefined &&
      session.opens_range &&
      wasThere(last) &&
      session.first_start_ms - last.before_end_ms <= EXPECTED_FOR_MS;
    const start = goesOn ? range.fromMs : session.first_start_ms;
    const end = session.stopped ? session.last_end_ms : presumedEnd(session.last_end_ms, clock);
    expected += Math.max(session.received, windowsWithin(start, end, session.window_ms, range));
    received += session.received;
    lost += session.points_lost;
  }
  for (const host of before.values()) {
    // One that spoke in the range, but never for this scope, had stopped watching for it.
    if (!wasThere(host) || host.in_range) continue;
    const end = presumedEnd(host.before_end_ms, clock);
    expected += windowsWithin(range.fromMs, end, host.before_window_ms, range);
  }
  const ratio = expected === 0 ? null : received / expected;
  return { windows_expected: expected, windows_received: received, ratio, points_lost: lost };
}

/** The host was there before the range and had not left. */
function wasThere(host: HostRow): boolean {
  return host.before_found && !host.before_stops;
}

/** Until when a host that did not say goodbye is expected. */
function presumedEnd(lastEndMs: number, clock: Clock): number {
  return Math.max(lastEndMs, Math.min(clock.nowMs - clock.graceMs, lastEndMs + EXPECTED_FOR_MS));
}

/** How many aligned windows start in the range at or after `start` and end by `end`. */
function windowsWithin(start: number, end: number, windowMs: number, range: TimeRange): number {
  if (windowMs <= 0) return 0;
  const first = Math.ceil(Math.max(start, range.fromMs) / windowMs);
  const beyond = Math.min(Math.floor(end / windowMs), Math.ceil(range.toMs / windowMs));
  return Math.max(0, beyond - first);
}

/**
 * End of the newest window up to which every expected host has reported, Unix milliseconds. Where no host
 * is expected (all have said goodbye), the newest window that there is; null when there is none within a day.
 */
export function freshnessOf(hosts: readonly HostRow[], nowMs: number): number | null {
  const lately = hosts.filter((host) => host.newest_end_ms > nowMs - EXPECTED_FOR_MS);
  const expected = lately.filter((host) => !host.newest_stops);
  if (expected.length > 0) return Math.min(...expected.map((host) => host.newest_end_ms));
  return lately.length > 0 ? Math.max(...lately.map((host) => host.newest_end_ms)) : null;
}
