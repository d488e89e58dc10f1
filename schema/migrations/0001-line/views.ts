import type { SchemaSettings } from '../migration.js';

/** Histograms, each counted once (`FINAL` inside). */
export function latencyView({ database }: SchemaSettings): string {
  return `CREATE VIEW IF NOT EXISTS ${database}.latency AS
SELECT customer, metric, time, window_ms, region, host, app, instance, attributes,
       count, sum, zero_count, bucket_indexes, bucket_counts
FROM ${database}.samples FINAL
WHERE kind = 'exponential_histogram'`;
}

/** Drops by reason, cause, fault and place, each counted once. */
export function dropsView({ database }: SchemaSettings): string {
  return `CREATE VIEW IF NOT EXISTS ${database}.drops AS
SELECT customer, time, window_ms, region, host, app, instance,
       attributes['drop.reason'] AS reason, attributes['drop.cause'] AS cause,
       attributes['drop.fault'] AS fault, attributes['drop.place'] AS place, attributes['drop.way'] AS way,
       if(metric = 'packet.drops', value, 0) AS packets, if(metric = 'packet.drop.bytes', value, 0) AS bytes
FROM ${database}.samples FINAL
WHERE metric IN ('packet.drops', 'packet.drop.bytes')`;
}

/** The ledger, each message once. */
export function fleetView({ database }: SchemaSettings): string {
  return `CREATE VIEW IF NOT EXISTS ${database}.fleet AS
SELECT host, host_name, region, window_start, window_end, run, seq, observed_ms, customers, goodbye,
       emitted_points, stored_points, rejected_points, lost, unattributed, produced_at
FROM ${database}.batches FINAL`;
}
