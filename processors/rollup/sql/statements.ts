import { DATABASE } from '../../../common/clickhouse/connection.js';
import type { Resolution } from '../buckets.js';
import { mergePieces, piecesOfRollup, piecesOfSamples, ROLLUP_COLUMNS } from './merge.js';

/** The table of each resolution. */
export const TABLE: Readonly<Record<Resolution, string>> = Object.freeze({
  minute: `${DATABASE}.minutes`,
  hour: `${DATABASE}.hours`,
  day: `${DATABASE}.days`,
});

/** What each is made from. */
const FINER = { hour: TABLE.minute, day: TABLE.hour } as const;

/** Parameters `from` and `to` are Unix seconds; `to` is outside. */
const FROM = `toDateTime({from:UInt32}, 'UTC')`;
const TO = `toDateTime({to:UInt32}, 'UTC')`;
const BETWEEN = `time >= ${FROM} AND time < ${TO}`;

/**
 * Makes one bucket anew from all that is stored of it (`from`, `to`, `version`). The time is part of the key and
 * of what partitions are made by, so it is looked at first and partitions are merged each for itself.
 */
export function recomputeStatement(resolution: Resolution): string {
  const pieces =
    resolution === 'minute'
      ? piecesOfSamples(`SELECT * FROM ${DATABASE}.samples FINAL PREWHERE ${BETWEEN}`)
      : piecesOfRollup(`SELECT * FROM ${FINER[resolution]} FINAL PREWHERE ${BETWEEN}`);
  const select = mergePieces({ pieces, time: FROM, version: '{version:UInt64}' });
  return `INSERT INTO ${TABLE[resolution]} (${ROLLUP_COLUMNS.join(', ')})\n${select}`;
}

/** Series that the bucket holds in that version. */
export function countStatement(resolution: Resolution): string {
  return `SELECT uniqExact(customer, metric, series) AS rows FROM ${TABLE[resolution]} PREWHERE time = ${FROM} WHERE version = {version:UInt64}`;
}

/** (bucket, written, sealed) of minutes in the range: a row for each touch and each seal. */
const TOUCHES_AND_SEALS = `SELECT minute AS bucket, touches.writes AS written, 0 AS sealed FROM ${DATABASE}.touches AS touches
    WHERE minute >= ${FROM} AND minute < ${TO}
    UNION ALL
    SELECT bucket, 0 AS written, seals.writes AS sealed FROM ${DATABASE}.seals AS seals
    WHERE resolution = 'minute' AND bucket >= ${FROM} AND bucket < ${TO}`;

/** Writes and seal of each minute in the range that was written to or sealed. */
export const MINUTES_STATEMENT = `SELECT toUnixTimestamp(bucket) AS start, sum(written) AS writes, max(sealed) AS seal
FROM (${TOUCHES_AND_SEALS})
GROUP BY bucket ORDER BY bucket`;

/**
 * Each hour in the range: how many of its minutes are open (written to since their seal, and still to be made:
 * from `open_from` on), what its sealed minutes have seen, and its own seal.
 */
export const HOURS_STATEMENT = `SELECT toUnixTimestamp(hour) AS start, sum(is_open) AS open, sum(minute_seal) AS attained, max(hour_seal) AS seal
FROM (
  SELECT toStartOfHour(bucket) AS hour, max(sealed) AS minute_seal, 0 AS hour_seal,
    bucket >= toDateTime({open_from:UInt32}, 'UTC') AND sum(written) != minute_seal AS is_open
  FROM (${TOUCHES_AND_SEALS})
  GROUP BY bucket
  UNION ALL
  SELECT bucket AS hour, 0 AS minute_seal, writes AS hour_seal, 0 AS is_open FROM ${DATABASE}.seals
  WHERE resolution = 'hour' AND bucket >= ${FROM} AND bucket < ${TO}
)
GROUP BY hour ORDER BY hour`;

/** Seals of the days in the range. */
export const DAYS_STATEMENT = `SELECT toUnixTimestamp(bucket) AS start, max(writes) AS seal FROM ${DATABASE}.seals
WHERE resolution = 'day' AND bucket >= ${FROM} AND bucket < ${TO}
GROUP BY bucket ORDER BY bucket`;

export const SEAL_STATEMENT = `INSERT INTO ${DATABASE}.seals (resolution, bucket, writes, rows, sealed_at)
SELECT {resolution:String}, ${FROM}, {version:UInt64}, {rows:UInt64}, now64(3)`;
