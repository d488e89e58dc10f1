import { sql, type Sql } from './sql.js';

/**
 * Cumulative series. A piece of one is a segment: its first and last row, and the increase between them; a
 * raw row is a segment of its own, in which nothing increased. What lies between two segments is a step:
 * it belongs to the time of the later one. So minutes, hours, days and raw rows are read in one way.
 */

/** An earlier row further back than this is none: how much of the increase is new is not known. */
export const LOOKBACK_MS = 3_600_000;

/** The type of `first` and `last` of a bucket, by place: time, start, value, count, sum, zeros, indexes, counts. */
const EDGE = sql`'Tuple(time DateTime64(3, \\'UTC\\'), start_time DateTime64(3, \\'UTC\\'), value Float64, count UInt64, sum Float64, zero_count UInt64, bucket_indexes Array(Int16), bucket_counts Array(UInt64))'`;

const CUMULATIVE = sql`('cumulative_sum', 'cumulative_exponential_histogram', 'cumulative_histogram')`;

/** What every piece is, whatever it was read at: its own increase, and the edges of the segment. */
export const RAW_PIECE = sql`kind, unit, bounds, series, app, instance, host, attributes,
    kind IN ${CUMULATIVE} AS cumulative, toDateTime64(time, 3, 'UTC') AS place, source AS tie,
    if(cumulative, 0, value) AS own_value, toInt64(if(cumulative, 0, count)) AS own_count,
    if(cumulative, 0, sum) AS own_sum, toInt64(if(cumulative, 0, zero_count)) AS own_zero_count,
    if(cumulative, [], bucket_indexes) AS own_indexes, if(cumulative, [], bucket_counts) AS own_counts,
    CAST((time, start_time, value, count, sum, zero_count, bucket_indexes, bucket_counts), ${EDGE}) AS first_row,
    first_row AS last_row`;

export const BUCKET_PIECE = sql`kind, unit, bounds, series, app, instance, host, attributes,
    kind IN ${CUMULATIVE} AS cumulative, if(cumulative, first.1, toDateTime64(time, 3, 'UTC')) AS place, toUInt64(0) AS tie,
    value AS own_value, toInt64(count) AS own_count, sum AS own_sum, toInt64(zero_count) AS own_zero_count,
    bucket_indexes AS own_indexes, bucket_counts AS own_counts,
    CAST(first, ${EDGE}) AS first_row, CAST(last, ${EDGE}) AS last_row`;

/** Indexes of buckets: as stored, or, where bounds are explicit, the places of the counts. */
const indexesOf = (indexes: Sql, counts: Sql) =>
  sql`if(empty(${indexes}), arrayMap(at -> toInt16(at), range(length(${counts}))), ${indexes})`;

/** A counter never falls, and neither does a bucket: if one does, it began anew. */
const fell = sql`first_row.3 < previous.3 OR first_row.4 < previous.4 OR first_row.6 < previous.6
      OR arrayExists((i, c) -> c > first_row.8[indexOf(${indexesOf(sql`first_row.7`, sql`first_row.8`)}, i)],
        ${indexesOf(sql`previous.7`, sql`previous.8`)}, previous.8)`;

/** Started after the earlier row was observed. */
const restarted = sql`first_row.2 > previous.2 AND first_row.2 >= previous.1`;

/** Nothing is known of what came before: what counts since less than the lookback is all new. */
const opening = sql`if(first_row.2 >= subtractHours(first_row.1, 1), 'whole', 'nothing')`;

/**
 * Pieces with what each adds to its step: its own increase and the step from the piece before it. The
 * columns `value`, `count`, `sum` and `zero_count`, and `indexes` with `counts`, are to be summed.
 */
export function increasesOf(pieces: Sql): Sql {
  const number = (own: Sql, now: Sql, before: Sql) =>
    sql`${own} + multiIf(adds = 'whole', ${now}, adds = 'difference', ${now} - ${before}, 0)`;
  const count = (own: Sql, now: Sql, before: Sql) =>
    number(own, sql`toInt64(${now})`, sql`toInt64(${before})`);
  const both = (own: Sql, now: Sql, before: Sql) =>
    sql`arrayConcat(${own}, multiIf(adds = 'whole', ${now}, adds = 'difference', arrayConcat(${now}, ${before}), []))`;
  const signed = (counts: Sql) => sql`arrayMap(c -> toInt64(c), ${counts})`;
  const negative = (counts: Sql) => sql`arrayMap(c -> -toInt64(c), ${counts})`;
  return sql`(SELECT *,
    multiIf(NOT cumulative, 'nothing', nth = 1 OR addHours(previous.1, 1) < first_row.1, ${opening},
      (${restarted}) OR ${fell}, 'whole', 'difference') AS adds,
    ${number(sql`own_value`, sql`first_row.3`, sql`previous.3`)} AS value,
    ${count(sql`own_count`, sql`first_row.4`, sql`previous.4`)} AS count,
    ${number(sql`own_sum`, sql`first_row.5`, sql`previous.5`)} AS sum,
    ${count(sql`own_zero_count`, sql`first_row.6`, sql`previous.6`)} AS zero_count,
    ${both(
      indexesOf(sql`own_indexes`, sql`own_counts`),
      indexesOf(sql`first_row.7`, sql`first_row.8`),
      indexesOf(sql`previous.7`, sql`previous.8`),
    )} AS indexes,
    ${both(signed(sql`own_counts`), signed(sql`first_row.8`), negative(sql`previous.8`))} AS counts
  FROM (
    SELECT *, lagInFrame(last_row) OVER earlier AS previous, row_number() OVER earlier AS nth
    FROM ${pieces}
    WINDOW earlier AS (PARTITION BY series ORDER BY place, tie ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW)
  ))`;
}
