import { z } from 'zod';
import { bindTimes } from './clauses.js';
import { EXPECTED_FOR_MS } from './coverage.js';
import { Query, storedFlag, storedNumber } from './query.js';
import type { TimeRange } from './range.js';
import type { FleetScope } from './scope.js';
import { sql } from './sql.js';
import { readLedger } from './tables.js';

const row = z.object({
  host: z.string(),
  region: z.string(),
  start_ms: storedNumber,
  end_ms: storedNumber,
  run: z.string(),
  seq: storedNumber,
  emitted_points: storedNumber,
  stored_points: storedNumber,
  rejected_points: storedNumber,
  lost: z.record(z.string(), storedNumber),
  unattributed: z.record(z.string(), storedNumber),
  goodbye: storedFlag,
});
export type LedgerRow = z.output<typeof row>;

/** The batches whose windows touch the range, newest first. */
export function planLedger(
  scope: FleetScope,
  request: { readonly range: TimeRange; readonly limit: number },
): Query<LedgerRow> {
  // No window is longer than an hour; without a bound on the key's column the whole ledger would be read.
  const touching = sql`window_start > fromUnixTimestamp64Milli({from_ms:Int64}) - INTERVAL 1 HOUR AND window_end > fromUnixTimestamp64Milli({from_ms:Int64}) AND window_start < fromUnixTimestamp64Milli({to_ms:Int64})`;
  return Query.of({
    name: 'ledger',
    scope,
    sql: sql`SELECT host, region, toUnixTimestamp64Milli(window_start) AS start_ms,
  toUnixTimestamp64Milli(window_end) AS end_ms, toString(run) AS run, seq, emitted_points, stored_points,
  rejected_points, lost, unattributed, goodbye
FROM ${readLedger(scope, touching)} AS ledger
ORDER BY ledger.window_start DESC, host, ledger.run, seq DESC
LIMIT {limit:UInt32}`,
    parameters: { ...bindTimes(request.range), limit: request.limit },
    row,
  });
}

const customerRow = z.object({ customer: z.string() });

/** Customers whom any host watched for within the last day. */
export function planCustomers(scope: FleetScope, nowMs: number): Query<z.output<typeof customerRow>> {
  return Query.of({
    name: 'customers',
    scope,
    sql: sql`SELECT DISTINCT arrayJoin(customers) AS customer
FROM ${readLedger(scope, sql`window_start >= fromUnixTimestamp64Milli({day_ago_ms:Int64})`)}
ORDER BY customer LIMIT 10000`,
    parameters: { day_ago_ms: nowMs - EXPECTED_FOR_MS },
    row: customerRow,
  });
}
