import { cumulativeRule } from '../../common/clickhouse/cumulative.js';
import { sql, type Sql } from './sql.js';

/**
 * Cumulative series. A piece of one is a segment: its first and last row, and the increase between them; a
 * raw row is a segment of its own, in which nothing increased. What lies between two segments is a step:
 * it belongs to the time of the later one. So minutes, hours, days and raw rows are read in one way.
 */

const rule = cumulativeRule(sql);

/** The type of `first` and `last` of a bucket, by place: time, start, value, count, sum, zeros, indexes, counts. */
const EDGE = sql`'Tuple(time DateTime64(3, \\'UTC\\'), start_time DateTime64(3, \\'UTC\\'), value Float64, count UInt64, sum Float64, zero_count UInt64, bucket_indexes Array(Int16), bucket_counts Array(UInt64))'`;

/** What every piece is, whatever it was read at: its own increase, and the edges of the segment. */
export const RAW_PIECE = sql`kind, unit, bounds, series, app, instance, host, attributes,
    kind IN ${rule.kinds} AS cumulative, toDateTime64(time, 3, 'UTC') AS place, source AS tie,
    if(cumulative, 0, value) AS own_value, toInt64(if(cumulative, 0, count)) AS own_count,
    if(cumulative, 0, sum) AS own_sum, toInt64(if(cumulative, 0, zero_count)) AS own_zero_count,
    if(cumulative, [], bucket_indexes) AS own_indexes, if(cumulative, [], bucket_counts) AS own_counts,
    CAST((time, start_time, value, count, sum, zero_count, bucket_indexes, bucket_counts), ${EDGE}) AS first_row,
    first_row AS last_row`;

export const BUCKET_PIECE = sql`kind, unit, bounds, series, app, instance, host, attributes,
    kind IN ${rule.kinds} AS cumulative, if(cumulative, first.1, toDateTime64(time, 3, 'UTC')) AS place, toUInt64(0) AS tie,
    value AS own_value, toInt64(count) AS own_count, sum AS own_sum, toInt64(zero_count) AS own_zero_count,
    bucket_indexes AS own_indexes, bucket_counts AS own_counts,
    CAST(first, ${EDGE}) AS first_row, CAST(last, ${EDGE}) AS last_row`;

/**
 * Pieces with what each adds to its step: its own increase and the step from the piece before it. The
 * columns `value`, `count`, `sum` and `zero_count`, and `indexes` with `counts`, are to be summed.
 */
export function increasesOf(pieces: Sql): Sql {
  const increase = rule.increase(sql`adds`, sql`previous`, sql`first_row`);
  return sql`(SELECT *,
    multiIf(NOT cumulative, ${rule.nothing}, nth = 1, ${rule.openingKind(sql`first_row`)},
      ${rule.stepKind(sql`previous`, sql`first_row`)}) AS adds,
    own_value + ${increase.value} AS value, own_count + ${increase.count} AS count,
    own_sum + ${increase.sum} AS sum, own_zero_count + ${increase.zeroCount} AS zero_count,
    arrayConcat(${rule.placesWhereNone(sql`own_indexes`, sql`own_counts`)}, ${increase.indexes}) AS indexes,
    arrayConcat(arrayMap(c -> toInt64(c), own_counts), ${increase.counts}) AS counts
  FROM (
    SELECT *, lagInFrame(last_row) OVER earlier AS previous, row_number() OVER earlier AS nth
    FROM ${pieces}
    WINDOW earlier AS (PARTITION BY series ORDER BY place, tie ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW)
  ))`;
}
