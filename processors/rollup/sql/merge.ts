import {
  CUMULATIVE,
  placesWhereNone,
  stepBuckets,
  stepIntoFirst,
  stepsBetween,
  stepSum,
} from './segments.js';

/** Columns that a rollup is written with, in this order. */
export const ROLLUP_COLUMNS = [
  ...['customer', 'metric', 'series', 'time', 'version', 'kind', 'unit', 'value', 'count', 'sum'],
  ...['zero_count', 'bucket_indexes', 'bucket_counts', 'bounds', 'min', 'max', 'rows', 'first', 'last'],
  ...['region', 'host', 'app', 'instance', 'attributes'],
] as const;

const EXPLICIT = `('histogram', 'cumulative_histogram')`;

export const ZERO_TIME = `toDateTime64(0, 3, 'UTC')`;

/**
 * Rows of gauges and cumulative series as pieces: what a series says in one row, so that rows and buckets are merged
 * in one way. `place` orders the pieces of a series.
 */
export function piecesOfSamples(rows: string): string {
  return `SELECT customer, metric, series, bucket, kind, unit, bounds, region, host, app, instance, attributes,
      kind IN ${CUMULATIVE} AS cumulative, kind = 'gauge' AS gauge, (time, source) AS place,
      if(cumulative, 0, value) AS value,
      multiIf(gauge, 1, cumulative, 0, count) AS count,
      multiIf(gauge, samples.value, cumulative, 0, sum) AS sum,
      if(cumulative, 0, zero_count) AS zero_count,
      if(cumulative, [], bucket_indexes) AS bucket_indexes,
      if(cumulative, [], bucket_counts) AS bucket_counts,
      samples.value AS min, samples.value AS max, 1 AS rows,
      (time, if(gauge, ${ZERO_TIME}, start_time), samples.value, samples.count, samples.sum, samples.zero_count, samples.bucket_indexes, samples.bucket_counts) AS first,
      first AS last
    FROM (${rows}) AS samples`;
}

/** Rows of a rollup as pieces. */
export function piecesOfRollup(rows: string): string {
  return `SELECT customer, metric, series, bucket, kind, unit, bounds, region, host, app, instance, attributes,
      kind IN ${CUMULATIVE} AS cumulative, kind = 'gauge' AS gauge, (first.time, toUInt64(time)) AS place,
      value, count, sum, zero_count, bucket_indexes, bucket_counts, min, max, rows, first, last
    FROM (${rows})`;
}

export interface Merge {
  /** A SELECT of pieces. */
  readonly pieces: string;
  /** Version of the result: SQL over `bucket`. */
  readonly version: string;
  /** For totals: pieces say by `base` whether they are all that was before, and by `since` when they begin. */
  readonly totals?: boolean;
}

/**
 * One row a series and bucket out of all its pieces: deltas are added, gauges keep their last value, cumulative ones
 * get the increase between their pieces. Columns as `ROLLUP_COLUMNS`; with `totals` the increase before the first
 * piece too as far as it is known, and then the columns `since` and `pieces_added`.
 */
export function mergePieces({ pieces, version, totals = false }: Merge): string {
  const edge = totals
    ? '(place, pieces.first, pieces.last, pieces.base)'
    : '(place, pieces.first, pieces.last)';
  const between = stepsBetween('edges');
  const steps = totals ? `arrayConcat(${stepIntoFirst('edges')}, ${between})` : between;
  const added = totals ? ',\n      min(pieces.since) AS since, countIf(NOT pieces.base) AS pieces_added' : '';
  return `SELECT customer, metric, series, bucket AS time, ${version} AS version, kind, unit,
  if(gauge, last.3, total + ${stepSum('steps', 'value')}) AS value,
  toUInt64(toInt64(total_count) + ${stepSum('steps', 'count')}) AS count,
  total_sum + ${stepSum('steps', 'sum')} AS sum,
  toUInt64(toInt64(total_zero_count) + ${stepSum('steps', 'zeroCount')}) AS zero_count,
  if(explicit, [], buckets.1) AS bucket_indexes,
  if(explicit, arrayMap(place -> toUInt64(buckets.2[indexOf(buckets.1, place)]), range(length(bounds) + 1)), arrayMap(c -> toUInt64(c), buckets.2)) AS bucket_counts,
  bounds, min, max, rows, first, last, region, host, app, instance, attributes${totals ? ', since, pieces_added' : ''}
FROM (
  SELECT *, ${stepBuckets('steps', 'sparse')} AS buckets, edges[1].2 AS first, edges[-1].3 AS last
  FROM (
    SELECT *, if(gauge, [], ${steps}) AS steps
    FROM (
      SELECT customer, metric, series, bucket,
        any(kind) AS kind, any(unit) AS unit, any(bounds) AS bounds,
        max(region) AS region, any(host) AS host, any(app) AS app, any(instance) AS instance, any(attributes) AS attributes,
        kind IN ${EXPLICIT} AS explicit, kind = 'gauge' AS gauge,
        sum(pieces.value) AS total, sum(pieces.count) AS total_count, sum(pieces.sum) AS total_sum,
        sum(pieces.zero_count) AS total_zero_count,
        sumMap(${placesWhereNone('pieces.bucket_indexes', 'pieces.bucket_counts')}, pieces.bucket_counts) AS sparse,
        if(gauge, min(pieces.min), 0) AS min, if(gauge, max(pieces.max), 0) AS max, sum(pieces.rows) AS rows,
        arraySort(edge -> edge.1, groupArrayIf(${edge}, pieces.cumulative OR pieces.gauge)) AS edges${added}
      FROM (${pieces}) AS pieces
      GROUP BY customer, metric, series, bucket
    )
  )
)`;
}
