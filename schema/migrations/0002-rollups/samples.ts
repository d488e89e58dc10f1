import type { SchemaSettings } from '../migration.js';

/** What points of other OpenTelemetry senders need beside what our agents measure. */
export function samplesOfAnyone({ database }: SchemaSettings): string {
  return `ALTER TABLE ${database}.samples
    MODIFY COLUMN kind Enum8('sum' = 1, 'exponential_histogram' = 2, 'gauge' = 3, 'cumulative_sum' = 4, 'cumulative_exponential_histogram' = 5, 'histogram' = 6, 'cumulative_histogram' = 7, 'up_down_sum' = 8) COMMENT 'Which of the value columns is set; without cumulative_ it is a delta over the window',
    ADD COLUMN IF NOT EXISTS unit LowCardinality(String) DEFAULT '' COMMENT 'Unit as sent; empty: the one of the signal catalogue',
    ADD COLUMN IF NOT EXISTS start_time DateTime64(3, 'UTC') DEFAULT time COMMENT 'Cumulative: since when it counts' CODEC(DoubleDelta, ZSTD(1)),
    ADD COLUMN IF NOT EXISTS bounds Array(Float64) COMMENT 'Histogram with explicit buckets: upper bounds; bucket_counts then has one more and bucket_indexes none'`;
}
