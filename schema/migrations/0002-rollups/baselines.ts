import type { SchemaSettings } from '../migration.js';

/** Totals of what retention will remove, so that a cumulative series never falls. */
export function baselines({ database }: SchemaSettings): string {
  return `CREATE TABLE IF NOT EXISTS ${database}.baselines
(
    customer LowCardinality(String) COMMENT 'Owner of what was measured',
    metric LowCardinality(String) COMMENT 'OpenTelemetry metric name',
    series UInt64 COMMENT 'As in samples',
    until DateTime('UTC') COMMENT 'All days before this one are in the totals',
    until_version UInt64 COMMENT 'until as Unix seconds: the row that knows most wins',
    since DateTime('UTC') COMMENT 'First day of the series',
    kind Enum8('sum' = 1, 'exponential_histogram' = 2, 'gauge' = 3, 'cumulative_sum' = 4, 'cumulative_exponential_histogram' = 5, 'histogram' = 6, 'cumulative_histogram' = 7, 'up_down_sum' = 8) COMMENT 'Which of the value columns is set',
    unit LowCardinality(String) COMMENT 'Unit as sent; empty: the one of the signal catalogue',
    value Float64 COMMENT 'Total of the sums or increases',
    count UInt64 COMMENT 'Histogram: number of values',
    sum Float64 COMMENT 'Histogram: sum of the values',
    zero_count UInt64 COMMENT 'Histogram: values that were 0',
    bucket_indexes Array(Int16) COMMENT 'Histogram of scale 3',
    bucket_counts Array(UInt64) COMMENT 'Histogram: values in each bucket',
    bounds Array(Float64) COMMENT 'Histogram with explicit buckets: upper bounds',
    last Tuple(time DateTime64(3, 'UTC'), start_time DateTime64(3, 'UTC'), value Float64, count UInt64, sum Float64, zero_count UInt64, bucket_indexes Array(Int16), bucket_counts Array(UInt64)) COMMENT 'Cumulative: last row before until, from which the next increase is taken',
    region LowCardinality(String) COMMENT 'cloud.region',
    host LowCardinality(String) COMMENT 'host.id',
    app LowCardinality(String) COMMENT 'service.name of the owner',
    instance LowCardinality(String) COMMENT 'service.instance.id of the owner',
    attributes Map(LowCardinality(String), String) COMMENT 'Attributes of the point'
)
ENGINE = ReplacingMergeTree(until_version)
ORDER BY (customer, metric, series)
COMMENT 'Series: what all days before until add up to'`;
}
