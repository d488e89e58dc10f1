import { DATABASE } from '../../../common/clickhouse/connection.js';
import { mergePieces, ZERO_TIME } from './merge.js';
import { CUMULATIVE } from './segments.js';

/** Parameters: days from `from` on are read, those before `until` are folded; Unix seconds. */
const FROM = `toDateTime({from:UInt32}, 'UTC')`;
const UNTIL = `toDateTime({until:UInt32}, 'UTC')`;

const LABELS = 'customer, metric, series, kind, unit, bounds, region, host, app, instance, attributes';
const VALUES = 'value, count, sum, zero_count, bucket_indexes, bucket_counts';

/** What is known of a series: one piece, before all others. */
const BASES = `SELECT ${LABELS}, ${VALUES}, last AS first, last, ${ZERO_TIME} AS piece_time, since, until AS known_until, 1 AS base
    FROM ${DATABASE}.baselines FINAL`;

const DAYS = `SELECT ${LABELS}, ${VALUES}, first, last, first.time AS piece_time, time AS since, toDateTime(0, 'UTC') AS known_until, 0 AS base
    FROM ${DATABASE}.days FINAL PREWHERE time >= ${FROM} AND time < ${UNTIL} WHERE kind != 'gauge'`;

/**
 * A series' days that its baseline does not know yet. Both are read by one statement and each once, so that no other
 * fold comes in between: a day is in the total or not, whoever else folds.
 */
const PIECES = `SELECT ${LABELS}, ${UNTIL} AS bucket, kind IN ${CUMULATIVE} AS cumulative, 0 AS gauge, (piece_time, toUInt64(since)) AS place,
      ${VALUES}, 0 AS min, 0 AS max, 0 AS rows, first, last, base, since
    FROM (
      SELECT *, max(known_until) OVER (PARTITION BY customer, metric, series) AS known
      FROM (${BASES} UNION ALL ${DAYS})
    )
    WHERE base = 1 OR since >= known`;

const COLUMNS = [
  ...[
    'customer',
    'metric',
    'series',
    'until',
    'until_version',
    'since',
    'kind',
    'unit',
    'value',
    'count',
    'sum',
  ],
  ...['zero_count', 'bucket_indexes', 'bucket_counts', 'bounds', 'last', 'region', 'host', 'app', 'instance'],
  'attributes',
] as const;

/**
 * Adds days to the totals of their series. Each row knows up to where it goes, so a fold that was broken off, or is
 * run again, adds to each series what it lacks.
 */
export const FOLD_STATEMENT = `INSERT INTO ${DATABASE}.baselines (${COLUMNS.join(', ')})
SELECT customer, metric, series, time AS until, version AS until_version, since, kind, unit, value, count, sum,
  zero_count, bucket_indexes, bucket_counts, bounds, last, region, host, app, instance, attributes
FROM (${mergePieces({ pieces: PIECES, version: 'toUnixTimestamp(bucket)', totals: true })})
WHERE pieces_added > 0`;
