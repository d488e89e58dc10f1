import { z } from 'zod';
import { bindTimes, readFrom } from './clauses.js';
import type { StoredRange } from './resolution.js';
import { Query, storedFlag, storedNumber, type ParameterValue } from './query.js';
import type { Scope } from './scope.js';
import { sql, type Sql } from './sql.js';
import { readBuckets, readLedger } from './tables.js';

/** A host that said nothing for longer is no longer expected. */
export const EXPECTED_FOR_MS = 24 * 3_600_000;

const windowWithin = sql`window_start >= fromUnixTimestamp64Milli({from_ms:Int64}) AND window_start < fromUnixTimestamp64Milli({to_ms:Int64})`;

/**
 * A batch after which its host is not expected in this scope: it said goodbye, or it no longer watches
 * for the customer. Where an agent ended and the next one began within one window, the next one counts.
 */
const stops = sql`(goodbye = 1 OR covers = 0)`;

/**
 * That what was measured in the batch's window is still stored: as rows of its own, or, where these have
 * expired, in a bucket that was recomputed from them. Of a bucket that never was, nothing is left.
 */
function stored(range: StoredRange): {
  readonly sql: Sql;
  readonly parameters: Record<string, ParameterValue>;
} {
  const { rollups, rawFromMs, minuteFromMs, storedFromMs } = range;
  if (rollups.length === 0 || range.fromMs >= rawFromMs) {
    const sinceFloor = sql`toUnixTimestamp64Milli(window_start) >= {stored_from_ms:Int64}`;
    return { sql: sinceFloor, parameters: { stored_from_ms: storedFromMs } };
  }
  const bucket = sql`bucket >= fromUnixTimestamp64Milli({from_ms:Int64}) AND bucket < fromUnixTimestamp64Milli({raw_from_ms:Int64})`;
  const sealed = (condition: Sql) =>
    sql`(SELECT bucket FROM ${readBuckets('seals', sql`${condition} AND ${bucket}`)})`;
  const coarse = rollups.includes('hour')
    ? sql`window_start >= fromUnixTimestamp64Milli({stored_from_ms:Int64})
      AND toStartOfHour(window_start) IN ${sealed(sql`resolution = 'hour'`)}`
    : sql`0`;
  return {
    sql: sql`(window_start >= fromUnixTimestamp64Milli({raw_from_ms:Int64})
      OR (window_start >= fromUnixTimestamp64Milli({minute_from_ms:Int64})
        AND toStartOfMinute(window_start) IN ${sealed(sql`resolution = 'minute'`)})
      OR (${coarse}))`,
    parameters: {
      raw_from_ms: rawFromMs,
      minute_from_ms: minuteFromMs,
      ...(rollups.includes('hour') ? { stored_from_ms: storedFromMs } : {}),
    },
  };
}

const hostRow = z.object({
  host: z.string(),
  before_found: storedFlag,
  before_end_ms: storedNumber,
  before_window_ms: storedNumber,
  before_stops: storedFlag,
  in_range: storedFlag,
  breaks: storedNumber,
  first_start_ms: storedNumber,
  last_end_ms: storedNumber,
  window_ms: storedNumber,
  received: storedNumber,
  points_lost: storedNumber,
  newest_end_ms: storedNumber,
  newest_stops: storedFlag,
});
export type HostRow = z.output<typeof hostRow>;

/**
 * Each host that watched for the scope lately: its last batch before the range, what it sent within (for
 * the scope or not; `breaks` counts the batches after which it was not expected), and its newest batch.
 */
export function planHosts(scope: Scope, range: StoredRange, nowMs: number): Query<HostRow> {
  const lately = sql`((window_start >= fromUnixTimestamp64Milli({lookback_ms:Int64}) AND window_start < fromUnixTimestamp64Milli({to_ms:Int64}))
      OR window_start >= fromUnixTimestamp64Milli({day_ago_ms:Int64}))`;
  const kept = stored(range);
  return Query.of({
    name: 'hosts',
    scope,
    sql: sql`SELECT host, countIf(before) > 0 AS before_found, maxIf(end_ms, before) AS before_end_ms,
  argMaxIf(end_ms - start_ms, turn, before) AS before_window_ms, argMaxIf(stops, turn, before) AS before_stops,
  countIf(inside) > 0 AS in_range, countIf(inside AND stops) AS breaks, minIf(start_ms, inside) AS first_start_ms,
  maxIf(end_ms, inside) AS last_end_ms, minIf(end_ms - start_ms, inside) AS window_ms,
  uniqExactIf(start_ms, inside AND kept) AS received,
  sumIf(lost_points, inside) AS points_lost, max(end_ms) AS newest_end_ms, argMax(stops, turn) AS newest_stops
FROM (
  SELECT host, covers, lost_points, toUnixTimestamp64Milli(window_start) AS start_ms,
    toUnixTimestamp64Milli(window_end) AS end_ms, ${kept.sql} AS kept, ${stops} AS stops, (start_ms, 1 - stops) AS turn,
    start_ms < {from_ms:Int64} AS before, start_ms >= {from_ms:Int64} AND start_ms < {to_ms:Int64} AS inside
  FROM ${readLedger(scope, lately)}
)
GROUP BY host HAVING max(covers) = 1`,
    parameters: {
      ...bindTimes(range),
      ...kept.parameters,
      lookback_ms: range.fromMs - EXPECTED_FOR_MS,
      day_ago_ms: nowMs - EXPECTED_FOR_MS,
    },
    row: hostRow,
  });
}

const sessionRow = z.object({
  host: z.string(),
  opens_range: storedFlag,
  first_start_ms: storedNumber,
  last_end_ms: storedNumber,
  stopped: storedFlag,
  window_ms: storedNumber,
  received: storedNumber,
  points_lost: storedNumber,
});
export type SessionRow = z.output<typeof sessionRow>;

/** One row per host and window of the range, whatever the number of agents that ran in it. */
function hostWindows(scope: Scope, kept: Sql): Sql {
  const covering = sql`host IN (SELECT host FROM ${readLedger(scope, windowWithin)} WHERE covers = 1)`;
  return sql`SELECT host, toUnixTimestamp64Milli(window_start) AS start_ms,
    toUnixTimestamp64Milli(max(window_end)) AS end_ms, ${kept} AS kept, max(covers) AS covered, min(${stops}) AS stopping,
    sum(lost_points) AS lost
  FROM ${readLedger(scope, sql`${windowWithin} AND ${covering}`)}
  GROUP BY host, window_start`;
}

/**
 * The stretches of the range in which each host was there for the scope, in order: a new one begins
 * with the first batch after a goodbye, after a stretch in which the host did not watch for the
 * customer, or after a day of silence. `opens_range`: nothing of the host came before it in the range.
 */
export function planSessions(scope: Scope, range: StoredRange): Query<SessionRow> {
  const kept = stored(range);
  return Query.of({
    name: 'sessions',
    scope,
    sql: sql`SELECT host, min(place) = 1 AS opens_range, min(start_ms) AS first_start_ms, max(end_ms) AS last_end_ms,
  argMax(ends, start_ms) AS stopped, min(end_ms - start_ms) AS window_ms, sum(lost) AS points_lost,
  countIf(kept) AS received
FROM (
  SELECT *, sum(begins) OVER (PARTITION BY host ORDER BY start_ms) AS session
  FROM (
    SELECT *, row_number() OVER earlier AS place, lagInFrame(ends, 1, 1) OVER earlier = 1
      OR lagInFrame(end_ms, 1, toInt64(0)) OVER earlier + {expected_for_ms:Int64} < start_ms AS begins
    FROM (
      SELECT *, stopping OR leadInFrame(covered, 1, 1) OVER all_of_host = 0 AS ends
      FROM (${hostWindows(scope, kept.sql)})
      WINDOW all_of_host AS (PARTITION BY host ORDER BY start_ms ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING)
    )
    WINDOW earlier AS (PARTITION BY host ORDER BY start_ms ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW)
  )
  WHERE covered = 1
)
GROUP BY host, session ORDER BY host, first_start_ms`,
    parameters: {
      ...bindTimes(range),
      ...kept.parameters,
      expected_for_ms: EXPECTED_FOR_MS,
    },
    row: sessionRow,
  });
}

const coveredRow = z.object({ step: storedNumber, windows: storedNumber });
export type CoveredRow = z.output<typeof coveredRow>;

/** Per step the number of host-windows that watched for the scope; a step that is missing was not measured. */
export function planCoveredSteps(scope: Scope, range: StoredRange): Query<CoveredRow> {
  const kept = stored(range);
  return Query.of({
    name: 'covered_steps',
    scope,
    sql: sql`SELECT intDiv(toUnixTimestamp64Milli(window_start), {step_ms:Int64}) * {step_ms:Int64} AS step,
  uniqExact(host, window_start) AS windows
FROM ${readLedger(scope, windowWithin)}
WHERE covers = 1 AND ${kept.sql}
GROUP BY step`,
    parameters: { ...readFrom(range), ...kept.parameters, step_ms: range.stepMs },
    row: coveredRow,
  });
}
