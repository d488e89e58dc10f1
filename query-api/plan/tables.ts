import type { Scope } from './scope.js';
import { sql, type Sql } from './sql.js';

/** Tables that hold one row per owner and thing measured. */
export type OwnedTable = 'latency' | 'drops' | 'events' | 'samples' | 'minutes' | 'hours' | 'days';

const OWNED: Readonly<Record<OwnedTable, Sql>> = {
  latency: sql`bellwether.latency`,
  drops: sql`bellwether.drops`,
  events: sql`bellwether.events FINAL`,
  samples: sql`bellwether.samples FINAL`,
  minutes: sql`bellwether.minutes FINAL`,
  hours: sql`bellwether.hours FINAL`,
  days: sql`bellwether.days FINAL`,
};

/** Tables about buckets of time and nothing in them: no row says whose anything is. */
export type BucketTable = 'touches' | 'seals';

const OF_BUCKETS: Readonly<Record<BucketTable, Sql>> = {
  touches: sql`bellwether.touches`,
  seals: sql`bellwether.seals`,
};

/**
 * The one way to a table of measurements: a subquery that holds only what the scope may see.
 * @param condition further narrowing, mostly by time; it stands inside so that the sorting key is used
 */
export function read(scope: Scope, table: OwnedTable, condition: Sql): Sql {
  const where =
    scope.kind === 'customer' ? sql`customer = {customer:String} AND (${condition})` : sql`(${condition})`;
  return sql`(SELECT * FROM ${OWNED[table]} WHERE ${where})`;
}

/**
 * The ledger (one row per host and window) as far as it concerns the scope: `covers` says whether the
 * host watched for it in that window. For a customer the columns about others (whom the host watches
 * for, what was unattributed, what was lost where the customer was not covered) do not exist.
 */
export function readLedger(scope: Scope, condition: Sql): Sql {
  const times = sql`host, window_start, window_end, goodbye`;
  return scope.kind === 'customer'
    ? sql`(SELECT ${times}, has(customers, {customer:String}) AS covers,
    if(covers, arraySum(mapValues(lost)), 0) AS lost_points FROM bellwether.fleet WHERE ${condition})`
    : sql`(SELECT ${times}, 1 AS covers, arraySum(mapValues(lost)) AS lost_points,
    region, run, seq, customers, emitted_points, stored_points, rejected_points, lost, unattributed
    FROM bellwether.fleet WHERE ${condition})`;
}

/** The rows of a table about buckets; it needs no scope, since it holds nothing of anybody. */
export function readBuckets(table: BucketTable, condition: Sql): Sql {
  return sql`(SELECT * FROM ${OF_BUCKETS[table]} WHERE ${condition})`;
}
