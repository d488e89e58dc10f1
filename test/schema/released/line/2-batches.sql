CREATE TABLE IF NOT EXISTS canonical.batches
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
COMMENT 'The ledger: one row for each host x window message, written last'
