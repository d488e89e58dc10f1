import { z } from 'zod';
import { bindTimes } from './clauses.js';
import { shown } from './drops.js';
import { Query, storedNumber } from './query.js';
import type { TimeRange } from './range.js';
import type { Scope } from './scope.js';
import { sql } from './sql.js';
import { read } from './tables.js';

const row = z.object({
  time_ms: storedNumber,
  reason: z.string(),
  cause: z.string(),
  fault: z.string(),
  place: z.string(),
  protocol: z.string(),
  source_address: z.string(),
  source_port: storedNumber,
  destination_address: z.string(),
  destination_port: storedNumber,
  length_bytes: storedNumber,
  app: z.string(),
  instance: z.string(),
  interface: z.string(),
});
export type EventRow = z.output<typeof row>;

/** The newest sampled drops of a range, newest first. */
export function planEvents(
  scope: Scope,
  request: { readonly range: TimeRange; readonly limit: number },
): Query<EventRow> {
  // events.time counts nanoseconds; as a plain column beside the bounds the sorting key is used.
  const within = sql`time >= fromUnixTimestamp64Milli({from_ms:Int64}) AND time < fromUnixTimestamp64Milli({to_ms:Int64})`;
  return Query.of({
    name: 'events',
    scope,
    sql: sql`SELECT intDiv(toUnixTimestamp64Nano(time), 1000000) AS time_ms,
  ${shown(scope, sql`events.reason`)} AS reason, ${shown(scope, sql`events.cause`)} AS cause, fault,
  ${shown(scope, sql`events.place`)} AS place, protocol, source_address, source_port, destination_address,
  destination_port, length_bytes, app, instance, ${scope.audience === 'operator' ? sql`events.interface` : sql`if(fault = 'platform', '', events.interface)`} AS interface
FROM ${read(scope, 'events', within)} AS events
ORDER BY time DESC, source DESC, position DESC
LIMIT {limit:UInt32}`,
    parameters: { ...bindTimes(request.range), limit: request.limit },
    row,
  });
}
