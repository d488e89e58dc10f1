import { z } from 'zod';
import { BUCKET_MS, type CleanRuns, ROLLUPS, type StoredRange } from './resolution.js';
import { Query, storedNumber } from './query.js';
import { sql } from './sql.js';
import { readBuckets } from './tables.js';

const row = z.object({ resolution: z.enum(ROLLUPS), from_ms: storedNumber, to_ms: storedNumber });
export type RunRow = z.output<typeof row>;

/**
 * The clean buckets within the range, as runs of neighbours. A bucket is clean when it was recomputed from
 * as many writes as there have been to its minutes; one of which raw is gone, when it ever was.
 *
 * Neither table needs FINAL: of the seals of a bucket the one that knows most counts, touches are summed.
 */
export function planCleanRuns(range: StoredRange): Query<RunRow> {
  const sealed = sql`bucket >= fromUnixTimestamp64Milli({from_ms:Int64}) AND bucket < fromUnixTimestamp64Milli({to_ms:Int64})
      AND (resolution != 'minute' OR bucket >= fromUnixTimestamp64Milli({raw_from_ms:Int64}))`;
  const touched = sql`minute >= fromUnixTimestamp64Milli({touched_from_ms:Int64}) AND minute < fromUnixTimestamp64Milli({to_ms:Int64})`;
  return Query.ofBuckets({
    name: 'clean_runs',
    sql: sql`SELECT resolution, min(start) * 1000 AS from_ms, (max(start) + any(length)) * 1000 AS to_ms
FROM (
  SELECT resolution, start, length,
    start - length * row_number() OVER (PARTITION BY resolution ORDER BY start) AS island
  FROM (
    SELECT toString(resolution) AS resolution, toInt64(toUnixTimestamp(bucket)) AS start, max(writes) AS sealed,
      transform(resolution, ['minute', 'hour', 'day'], [60, 3600, 86400], 0) AS length
    FROM ${readBuckets('seals', sealed)}
    GROUP BY resolution, bucket
  ) AS seal
  LEFT JOIN (
    SELECT tupleElement(bucket, 1) AS resolution, toInt64(toUnixTimestamp(tupleElement(bucket, 2))) AS start,
      sum(writes) AS touched
    FROM ${readBuckets('touches', touched)}
    ARRAY JOIN [('minute', minute), ('hour', toStartOfHour(minute)), ('day', toStartOfDay(minute))] AS bucket
    GROUP BY resolution, start
  ) AS touch USING (resolution, start)
  WHERE sealed = touched OR (start + length) * 1000 <= {raw_from_ms:Int64}
)
GROUP BY resolution, island
ORDER BY resolution, from_ms`,
    parameters: {
      from_ms: range.fromMs,
      to_ms: range.toMs,
      raw_from_ms: range.rawFromMs,
      touched_from_ms: Math.floor(Math.max(range.fromMs, range.rawFromMs) / BUCKET_MS.day) * BUCKET_MS.day,
    },
    row,
  });
}

/** The rows of {@link planCleanRuns} by rollup. */
export function runsOf(rows: readonly RunRow[]): CleanRuns {
  const of = (rollup: RunRow['resolution']) =>
    rows
      .filter(({ resolution }) => resolution === rollup)
      .map(({ from_ms: fromMs, to_ms: toMs }) => ({ fromMs, toMs }));
  return { day: of('day'), hour: of('hour'), minute: of('minute') };
}
