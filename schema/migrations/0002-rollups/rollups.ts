import type { SchemaSettings } from '../migration.js';

/** Where a bucket of a cumulative series begins or ends; a gauge has its time and value alone. */
const EDGE = `Tuple(time DateTime64(3, 'UTC'), start_time DateTime64(3, 'UTC'), value Float64, count UInt64, sum Float64, zero_count UInt64, bucket_indexes Array(Int16), bucket_counts Array(UInt64))`;

interface Rollup {
  readonly table: string;
  readonly bucket: string;
  readonly partition: string;
  readonly keep: string;
}

/** Series x bucket. The row with the highest version wins; equal versions hold the same. */
function rollup({ database }: SchemaSettings, { table, bucket, partition, keep }: Rollup): string {
  return `CREATE TABLE IF NOT EXISTS ${database}.${table}
(
    customer LowCardinality(String) COMMENT 'Owner of what was measured; empty: unattributed',
    metric LowCardinality(String) COMMENT 'OpenTelemetry metric name',
    series UInt64 COMMENT 'As in samples',
    time DateTime('UTC') COMMENT 'Start of the ${bucket}' CODEC(DoubleDelta, ZSTD(1)),
    version UInt64 COMMENT 'Acknowledged writes to the ${bucket} that the row has seen',
    kind Enum8('sum' = 1, 'exponential_histogram' = 2, 'gauge' = 3, 'cumulative_sum' = 4, 'cumulative_exponential_histogram' = 5, 'histogram' = 6, 'cumulative_histogram' = 7, 'up_down_sum' = 8) COMMENT 'Which of the value columns is set',
    unit LowCardinality(String) COMMENT 'Unit as sent; empty: the one of the signal catalogue',
    value Float64 COMMENT 'Sum: total of the ${bucket}; cumulative: increase between its rows; gauge: last value',
    count UInt64 COMMENT 'Histogram: number of values; cumulative: increase between its rows; gauge: number of rows',
    sum Float64 COMMENT 'Histogram: sum of the values; cumulative: increase between its rows; gauge: sum over its rows',
    zero_count UInt64 COMMENT 'Histogram: values that were 0; cumulative: increase between its rows',
    bucket_indexes Array(Int16) COMMENT 'Histogram of scale 3: bucket i holds (2^(i/8), 2^((i+1)/8)]',
    bucket_counts Array(UInt64) COMMENT 'Histogram: values in each bucket; cumulative: increase between its rows',
    bounds Array(Float64) COMMENT 'Histogram with explicit buckets: upper bounds',
    min Float64 COMMENT 'Gauge: lowest value',
    max Float64 COMMENT 'Gauge: highest value',
    rows UInt64 COMMENT 'Rows of samples that it was made from',
    first ${EDGE} COMMENT 'Cumulative and gauge: first row',
    last ${EDGE} COMMENT 'Cumulative and gauge: last row',
    region LowCardinality(String) COMMENT 'cloud.region',
    host LowCardinality(String) COMMENT 'host.id',
    app LowCardinality(String) COMMENT 'service.name of the owner',
    instance LowCardinality(String) COMMENT 'service.instance.id of the owner',
    attributes Map(LowCardinality(String), String) COMMENT 'Attributes of the point'
)
ENGINE = ReplacingMergeTree(version)
PARTITION BY ${partition}
ORDER BY (customer, metric, series, time)
TTL time + INTERVAL ${keep}
SETTINGS ttl_only_drop_parts = 1
COMMENT 'Series x ${bucket}, recomputed from what is stored'`;
}

export function minutes(settings: SchemaSettings): string {
  const keep = `${settings.minuteRetentionDays} DAY`;
  return rollup(settings, { table: 'minutes', bucket: 'minute', partition: 'toDate(time)', keep });
}

export function hours(settings: SchemaSettings): string {
  const keep = `${settings.rollupRetentionMonths} MONTH`;
  return rollup(settings, { table: 'hours', bucket: 'hour', partition: 'toStartOfMonth(time)', keep });
}

export function days(settings: SchemaSettings): string {
  const keep = `${settings.rollupRetentionMonths} MONTH`;
  return rollup(settings, { table: 'days', bucket: 'day', partition: 'toStartOfMonth(time)', keep });
}
