CREATE TABLE IF NOT EXISTS canonical.samples
(
    customer LowCardinality(String) COMMENT 'Owner of what was measured; empty: unattributed',
    metric LowCardinality(String) COMMENT 'OpenTelemetry metric name, as in the signal catalogue',
    series UInt64 COMMENT 'Hash of metric, customer, app, instance, host and attributes',
    time DateTime64(3, 'UTC') COMMENT 'Start of the window' CODEC(DoubleDelta, ZSTD(1)),
    source UInt64 COMMENT 'Hash of (host, agent run, seq): which message said so',
    window_ms UInt32 COMMENT 'Length of the window in milliseconds',
    kind Enum8('sum' = 1, 'exponential_histogram' = 2) COMMENT 'Which of the value columns is set',
    value Float64 COMMENT 'Sum: delta over the window, in the unit of the metric',
    count UInt64 COMMENT 'Histogram: number of values in the window',
    sum Float64 COMMENT 'Histogram: sum of the values, seconds',
    zero_count UInt64 COMMENT 'Histogram: values that were 0',
    bucket_indexes Array(Int16) COMMENT 'Histogram of scale 3: bucket i holds (2^(i/8), 2^((i+1)/8)] seconds',
    bucket_counts Array(UInt64) COMMENT 'Histogram: values in the bucket at the same place of bucket_indexes',
    region LowCardinality(String) COMMENT 'cloud.region',
    host LowCardinality(String) COMMENT 'host.id',
    app LowCardinality(String) COMMENT 'service.name of the owner',
    instance LowCardinality(String) COMMENT 'service.instance.id of the owner',
    attributes Map(LowCardinality(String), String) COMMENT 'Attributes of the point'
)
ENGINE = ReplacingMergeTree
PARTITION BY toStartOfHour(time)
ORDER BY (customer, metric, series, time, source)
TTL toDateTime(time) + INTERVAL 48 HOUR
SETTINGS ttl_only_drop_parts = 1
COMMENT 'Series x window: what the agents measured, as deltas'
