CREATE TABLE IF NOT EXISTS canonical.events
(
    customer LowCardinality(String) COMMENT 'Owner of the dropped packet; empty: unattributed',
    time DateTime64(9, 'UTC') COMMENT 'When the kernel dropped it' CODEC(DoubleDelta, ZSTD(1)),
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
TTL toDateTime(time) + INTERVAL 7 DAY
SETTINGS ttl_only_drop_parts = 1
COMMENT 'Sampled drops with their 5-tuple'
