import { z } from 'zod';
import type { StoredRange, Stretch } from './resolution.js';
import { Query, storedNumber } from './query.js';
import type { Scope } from './scope.js';
import { sql } from './sql.js';
import { readTiers } from './tiers.js';

const row = z.object({
  step: storedNumber,
  count: storedNumber,
  sum: storedNumber,
  zero_count: storedNumber,
  bucket_indexes: z.array(storedNumber),
  bucket_counts: z.array(storedNumber),
});
export type LatencyRow = z.output<typeof row>;

const columns = sql`count, sum, zero_count, bucket_indexes, bucket_counts`;

/** Per step one histogram: bucket by bucket the sum of all that the scope holds, so no precision is lost. */
export function planLatency(
  scope: Scope,
  request: {
    readonly signal: string;
    readonly app: string | undefined;
    readonly range: StoredRange;
    readonly stretches: readonly Stretch[];
  },
): Query<LatencyRow> {
  const { signal, app, range, stretches } = request;
  const where =
    app === undefined ? sql`metric = {signal:String}` : sql`metric = {signal:String} AND app = {app:String}`;
  const rows = readTiers(scope, range, stretches, {
    raw: { table: 'latency', columns, where },
    rollup: { columns, where: sql`${where} AND kind = 'exponential_histogram'` },
  });
  return Query.of({
    name: 'latency',
    scope,
    sql: sql`SELECT step, sum(histogram.count) AS count, sum(histogram.sum) AS sum,
  sum(histogram.zero_count) AS zero_count, tupleElement(buckets, 1) AS bucket_indexes,
  tupleElement(buckets, 2) AS bucket_counts,
  sumMap(histogram.bucket_indexes, histogram.bucket_counts) AS buckets
FROM ${rows.sql} AS histogram
GROUP BY step`,
    parameters: { signal, ...(app === undefined ? {} : { app }), ...rows.parameters },
    row,
  });
}
