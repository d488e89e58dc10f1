import { z } from 'zod';
import type { ClickHouseClient } from '../../../common/clickhouse/connection.js';

const row = z.object({
  customer: z.string(),
  metric: z.string(),
  kind: z.string(),
  unit: z.string(),
  time: z.coerce.number(),
  start: z.coerce.number(),
  window_ms: z.number(),
  value: z.number(),
  count: z.coerce.number(),
  sum: z.number(),
  zero_count: z.coerce.number(),
  bucket_indexes: z.array(z.number()),
  bucket_counts: z.array(z.coerce.number()),
  bounds: z.array(z.number()),
  region: z.string(),
  host: z.string(),
  app: z.string(),
  instance: z.string(),
  attributes: z.record(z.string(), z.string()),
});
/** A row of `samples`; times are Unix milliseconds. */
export type SampleRow = z.output<typeof row>;

/** The rows of one app, by metric, attributes and time. */
export async function rowsOfApp(client: ClickHouseClient, app: string): Promise<SampleRow[]> {
  const answer = await client.query({
    query: `SELECT customer, metric, toString(kind) AS kind, unit, toUnixTimestamp64Milli(samples.time) AS time,
  toUnixTimestamp64Milli(start_time) AS start, window_ms, value, count, sum, zero_count, bucket_indexes,
  bucket_counts, bounds, region, host, app, instance, attributes
FROM bellwether.samples FINAL WHERE app = {app:String} ORDER BY metric, attributes, time`,
    query_params: { app },
    format: 'JSONEachRow',
  });
  return z.array(row).parse(await answer.json());
}
