import { z } from 'zod';
import { readFrom, stepOf, timeWithin, type StoredRange } from './clauses.js';
import { Query, storedNumber } from './query.js';
import type { Scope } from './scope.js';
import { sql } from './sql.js';
import { read } from './tables.js';

const row = z.object({
  step: storedNumber,
  count: storedNumber,
  sum: storedNumber,
  zero_count: storedNumber,
  bucket_indexes: z.array(storedNumber),
  bucket_counts: z.array(storedNumber),
});
export type LatencyRow = z.output<typeof row>;

/** Per step one histogram: bucket by bucket the sum of all that the scope holds, so no precision is lost. */
export function planLatency(
  scope: Scope,
  request: { readonly signal: string; readonly app: string | undefined; readonly range: StoredRange },
): Query<LatencyRow> {
  const { signal, app, range } = request;
  const ofApp = app === undefined ? sql`` : sql` AND app = {app:String}`;
  const source = read(scope, 'latency', sql`metric = {signal:String}${ofApp} AND ${timeWithin}`);
  return Query.of({
    name: 'latency',
    scope,
    sql: sql`SELECT step, sum(histogram.count) AS count, sum(histogram.sum) AS sum,
  sum(histogram.zero_count) AS zero_count, tupleElement(buckets, 1) AS bucket_indexes,
  tupleElement(buckets, 2) AS bucket_counts,
  sumMap(histogram.bucket_indexes, histogram.bucket_counts) AS buckets
FROM ${source} AS histogram
GROUP BY ${stepOf} AS step`,
    parameters: { signal, ...(app === undefined ? {} : { app }), ...readFrom(range), step_ms: range.stepMs },
    row,
  });
}
