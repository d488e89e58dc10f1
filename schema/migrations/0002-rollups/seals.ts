import type { SchemaSettings } from '../migration.js';

/**
 * Counts what was written to each minute. A write that is replayed counts again, which is harmless: the count
 * only has to change whenever the minute may have.
 */
export function touches({ database, rawRetentionHours }: SchemaSettings): string {
  return `CREATE TABLE IF NOT EXISTS ${database}.touches
(
    minute DateTime('UTC') COMMENT 'Start of the minute that rows of samples lie in',
    writes UInt64 COMMENT 'Inserts that were acknowledged, summed by the engine'
)
ENGINE = SummingMergeTree
PARTITION BY toDate(minute)
ORDER BY minute
TTL minute + INTERVAL ${touchRetentionHours(rawRetentionHours)} HOUR
SETTINGS ttl_only_drop_parts = 1
COMMENT 'How often each minute was written to: one row a flush and minute, after the rows'`;
}

/** What was stored before there were touches is rolled up too. Counted twice it does no harm. */
export function touchWhatIsStored({ database }: SchemaSettings): string {
  return `INSERT INTO ${database}.touches (minute, writes)
SELECT DISTINCT toStartOfMinute(time), 1 FROM ${database}.samples`;
}

/** Late rows are taken for as long as raw is kept; two days more, so that a count never restarts under them. */
export function touchRetentionHours(rawRetentionHours: number): number {
  return rawRetentionHours + 48;
}

/** Which buckets were recomputed, and from how many writes. */
export function seals({ database, rollupRetentionMonths }: SchemaSettings): string {
  return `CREATE TABLE IF NOT EXISTS ${database}.seals
(
    resolution Enum8('minute' = 1, 'hour' = 2, 'day' = 3) COMMENT 'Which rollup',
    bucket DateTime('UTC') COMMENT 'Start of the bucket',
    writes UInt64 COMMENT 'Writes to its minutes (touches) before its rows were read; equal to their number now: the bucket is complete',
    rows UInt64 COMMENT 'Rows that were made',
    sealed_at DateTime64(3, 'UTC') COMMENT 'When'
)
ENGINE = ReplacingMergeTree(writes)
PARTITION BY toStartOfMonth(bucket)
ORDER BY (resolution, bucket)
TTL bucket + INTERVAL ${rollupRetentionMonths} MONTH
SETTINGS ttl_only_drop_parts = 1
COMMENT 'Buckets of the rollups that stand'`;
}
