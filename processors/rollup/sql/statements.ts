import { DATABASE } from '../../../common/clickhouse/connection.js';
import type { Resolution } from '../buckets.js';
import { DELTA_COLUMNS, DELTA_KINDS, sumOfDeltas } from './deltas.js';
import { mergePieces, piecesOfRollup, piecesOfSamples, ROLLUP_COLUMNS } from './merge.js';

/** The table of each resolution. */
export const TABLE: Readonly<Record<Resolution, string>> = Object.freeze({
  minute: `${DATABASE}.minutes`,
  hour: `${DATABASE}.hours`,
  day: `${DATABASE}.days`,
});

/** Parameters `from` and `to` are Unix seconds; `to` is outside. */
const FROM = `toDateTime({from:UInt32}, 'UTC')`;
const TO = `toDateTime({to:UInt32}, 'UTC')`;
/** Parameters too: starts of the buckets that are made, and the version of each. */
const STARTS = '{starts:Array(UInt32)}';
const VERSIONS = '{versions:Array(UInt64)}';

/** The bucket that a row's time lies in. */
const BUCKET: Readonly<Record<Resolution, string>> = {
  minute: 'toStartOfMinute(time)',
  hour: 'toStartOfHour(time)',
  day: 'toStartOfDay(time)',
};
const versionOf = (bucket: string) => `${VERSIONS}[indexOf(${STARTS}, toUnixTimestamp(${bucket}))]`;
/** The time is part of the key, so it may be looked at before rows are merged. */
const isWanted = (resolution: Resolution) =>
  `time >= ${FROM} AND time < ${TO} AND has(${STARTS}, toUnixTimestamp(${BUCKET[resolution]}))`;

/** What buckets are made from. */
const SOURCE: Readonly<Record<Resolution, string>> = {
  minute: `${DATABASE}.samples`,
  hour: TABLE.minute,
  day: TABLE.hour,
};

/** Makes the rows of buckets for all series whose rows are deltas (`from`, `to`, `starts`, `versions`). */
export function deltasStatement(resolution: Resolution): string {
  const deltas = sumOfDeltas({
    from: `${SOURCE[resolution]} AS t FINAL PREWHERE ${isWanted(resolution)}`,
    bucket: BUCKET[resolution],
    version: versionOf(BUCKET[resolution]),
    rows: resolution === 'minute' ? 'count()' : 'sum(t.rows)',
  });
  return `INSERT INTO ${TABLE[resolution]} (${DELTA_COLUMNS.join(', ')})\n${deltas}`;
}

/** The same for gauges and cumulative series. */
export function othersStatement(resolution: Resolution): string {
  const rows = `SELECT *, ${BUCKET[resolution]} AS bucket FROM ${SOURCE[resolution]} FINAL
  PREWHERE ${isWanted(resolution)} WHERE kind NOT IN ${DELTA_KINDS}`;
  const pieces = resolution === 'minute' ? piecesOfSamples(rows) : piecesOfRollup(rows);
  const select = mergePieces({ pieces, version: versionOf('bucket') });
  return `INSERT INTO ${TABLE[resolution]} (${ROLLUP_COLUMNS.join(', ')})\n${select}`;
}

/** Whether there are any such: most often not, and to see it costs little. */
export function hasOthersStatement(resolution: Resolution): string {
  return `SELECT count() > 0 AS found FROM (
  SELECT 1 FROM ${SOURCE[resolution]} PREWHERE ${isWanted(resolution)} WHERE kind NOT IN ${DELTA_KINDS} LIMIT 1)`;
}

/** Seals of the buckets, with the number of series that each holds in its version. */
export function sealStatement(resolution: Resolution): string {
  return `INSERT INTO ${DATABASE}.seals (resolution, bucket, writes, rows, sealed_at)
SELECT '${resolution}', toDateTime(wanted.1, 'UTC'), wanted.2, made.series_count, now64(3)
FROM (SELECT arrayJoin(arrayZip(${STARTS}, ${VERSIONS})) AS wanted) AS asked
LEFT JOIN (
  SELECT toUnixTimestamp(time) AS start, version, uniqExact(customer, metric, series) AS series_count
  FROM ${TABLE[resolution]} PREWHERE ${isWanted(resolution)}
  GROUP BY time, version
) AS made ON made.start = wanted.1 AND made.version = wanted.2`;
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
