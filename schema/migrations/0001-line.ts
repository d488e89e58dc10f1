import type { Migration } from './migration.js';

/**
 * The tables of the first line: samples, events, the ledger and the tokens.
 * A row's key says what it measures, so that writing it twice is writing it once
 * (ReplacingMergeTree without version: equal keys hold equal rows).
 */
export const line: Migration = {
  version: 1,
  name: 'line',
  statements: ({ database, rawRetentionHours, eventRetentionDays }) => [
    `CREATE TABLE IF NOT EXISTS ${database}.samples
(
    customer LowCardinality(String) COMMENT 'Owner of what was measured; empty: unattributed',
    metric LowCardinality(String) COMMENT 'OpenTelemetry metric name, as in the signal catalogue',
    series UInt64 COMMENT 'Hash of metric, customer, app, instance, host and attributes',
    time DateTime64(3, 'UTC') CODEC(DoubleDelta, ZSTD(1)) COMMENT 'Start of the window',
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
TTL toDateTime(time) + INTERVAL ${rawRetentionHours} HOUR
SETTINGS ttl_only_drop_parts = 1
COMMENT 'Series x window: what the agents measured, as deltas'`,

    `CREATE TABLE IF NOT EXISTS ${database}.events
(
    customer LowCardinality(String) COMMENT 'Owner of the dropped packet; empty: unattributed',
    time DateTime64(9, 'UTC') CODEC(DoubleDelta, ZSTD(1)) COMMENT 'When the kernel dropped it',
    source UInt64 COMMENT 'Hash of (host, agent run, seq): which message said so',
    position UInt32 COMMENT 'Place of the event in its message',
    region LowCardinality(String) COMMENT 'cloud.region',
    host LowCardinality(String) COMMENT 'host.id',
    app LowCardinality(String) COMMENT 'service.name of the owner',
    instance LowCardinality(String) COMMENT 'service.instance.id of the owner',
    reason LowCardinality(String) COMMENT 'Drop reason by its kernel name',
    cause LowCardinality(String) COMMENT 'Cause by the taxonomy',
    fault LowCardinality(String) COMMENT 'Whose fault: customer, platform, external, normal or unknown',
    place LowCardinality(String) COMMENT 'Where in its path the packet was',
    way LowCardinality(String) COMMENT 'By which way the owner was found',
    protocol LowCardinality(String) COMMENT 'udp, tcp, icmp, ... or the number',
    source_address String COMMENT 'Textual; empty: not IP',
    source_port UInt16 COMMENT '0: none',
    destination_address String COMMENT 'Textual; empty: not IP',
    destination_port UInt16 COMMENT '0: none',
    length_bytes UInt32 COMMENT 'skb->len where it was dropped',
    interface LowCardinality(String) COMMENT 'Device that the packet was at'
)
ENGINE = ReplacingMergeTree
PARTITION BY toDate(time)
ORDER BY (customer, time, source, position)
TTL toDateTime(time) + INTERVAL ${eventRetentionDays} DAY
SETTINGS ttl_only_drop_parts = 1
COMMENT 'Sampled drops with their 5-tuple'`,

    `CREATE TABLE IF NOT EXISTS ${database}.batches
(
    host LowCardinality(String) COMMENT 'host.id',
    window_start DateTime64(3, 'UTC') COMMENT 'Aligned start of the window',
    window_end DateTime64(3, 'UTC') COMMENT 'Aligned end of the window',
    run UUID COMMENT 'Made by the agent at each start',
    seq UInt64 COMMENT 'Counts the batches of a run from 0',
    host_name LowCardinality(String) COMMENT 'host.name',
    region LowCardinality(String) COMMENT 'cloud.region',
    observed_ms UInt32 COMMENT 'How much of the window the probes watched',
    customers Array(LowCardinality(String)) COMMENT 'Customers whom the host had rules for',
    goodbye UInt8 COMMENT '1: the agent stopped after this batch',
    emitted_points UInt64 COMMENT 'Points that the agent says it put in',
    stored_points UInt64 COMMENT 'Points of the batch in samples, counted before equal keys were merged',
    rejected_points UInt64 COMMENT 'Points of the batch that went to the dead-letter topic',
    lost Map(LowCardinality(String), UInt64) COMMENT 'Measurements lost on the host, by cause',
    unattributed Map(LowCardinality(String), UInt64) COMMENT 'Values without an owner, by signal',
    kafka_partition UInt32 COMMENT 'Where the message stood in signals.v1',
    kafka_offset UInt64 COMMENT 'Where the message stood in signals.v1',
    produced_at DateTime64(3, 'UTC') COMMENT 'Record timestamp of the message'
)
ENGINE = ReplacingMergeTree
PARTITION BY toDate(window_start)
ORDER BY (host, window_start, run, seq)
TTL toDateTime(window_start) + INTERVAL 13 MONTH
COMMENT 'The ledger: one row for each host x window message, written last'`,

    `CREATE TABLE IF NOT EXISTS ${database}.tokens
(
    id String COMMENT 'Public name of the token, in listings and logs',
    hash String COMMENT 'Hex SHA-256 of the token; the token itself is stored nowhere',
    role Enum8('customer' = 1, 'operator' = 2) COMMENT 'What it opens',
    customer LowCardinality(String) COMMENT 'Whose it is; empty for an operator',
    created_at DateTime64(3, 'UTC') COMMENT 'When it was made',
    revoked UInt8 COMMENT '1: no longer valid',
    version UInt64 COMMENT 'The row with the highest version counts'
)
ENGINE = ReplacingMergeTree(version)
ORDER BY id
COMMENT 'Bearer tokens of the API'`,

    `CREATE VIEW IF NOT EXISTS ${database}.latency AS
SELECT customer, metric, time, window_ms, region, host, app, instance, attributes,
       count, sum, zero_count, bucket_indexes, bucket_counts
FROM ${database}.samples FINAL
WHERE kind = 'exponential_histogram'`,

    `CREATE VIEW IF NOT EXISTS ${database}.drops AS
SELECT customer, time, window_ms, region, host, app, instance,
       attributes['drop.reason'] AS reason, attributes['drop.cause'] AS cause,
       attributes['drop.fault'] AS fault, attributes['drop.place'] AS place, attributes['drop.way'] AS way,
       if(metric = 'packet.drops', value, 0) AS packets, if(metric = 'packet.drop.bytes', value, 0) AS bytes
FROM ${database}.samples FINAL
WHERE metric IN ('packet.drops', 'packet.drop.bytes')`,

    `CREATE VIEW IF NOT EXISTS ${database}.fleet AS
SELECT host, host_name, region, window_start, window_end, run, seq, observed_ms, customers, goodbye,
       emitted_points, stored_points, rejected_points, lost, unattributed, produced_at
FROM ${database}.batches FINAL`,
  ],
};
