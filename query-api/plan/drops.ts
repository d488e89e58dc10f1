import { z } from 'zod';
import { readFrom, stepOf, timeWithin, type StoredRange } from './clauses.js';
import { Query, storedNumber } from './query.js';
import type { Scope } from './scope.js';
import { sql, type Sql } from './sql.js';
import { read } from './tables.js';

/** What drops can be grouped by; the last two name the platform's own parts. */
export const DROP_GROUPINGS = [
  'reason',
  'cause',
  'fault',
  'place',
  'app',
  'instance',
  'host',
  'region',
] as const;
export type DropGrouping = (typeof DROP_GROUPINGS)[number];

/** Groupings that only operators may ask for. */
export const OPERATOR_GROUPINGS: ReadonlySet<DropGrouping> = new Set(['host', 'region'] as const);

const row = z.object({
  step: storedNumber,
  name: z.string(),
  reason: z.string(),
  cause: z.string(),
  fault: z.string(),
  packets: storedNumber,
  bytes: storedNumber,
});
export type DropRow = z.output<typeof row>;

const GROUP_COLUMNS: Readonly<Record<DropGrouping, Sql>> = {
  reason: sql`shown_reason`,
  cause: sql`shown_cause`,
  fault: sql`drops.fault`,
  place: sql`shown_place`,
  app: sql`drops.app`,
  instance: sql`drops.instance`,
  host: sql`drops.host`,
  region: sql`drops.region`,
};

const nothing = sql`''`;

/** Which of reason, cause and fault are the same for a whole group; the others are empty. */
const SHARED: Readonly<Partial<Record<DropGrouping, readonly [reason: Sql, cause: Sql, fault: Sql]>>> = {
  reason: [sql`shown_reason`, sql`shown_cause`, sql`drops.fault`],
  cause: [nothing, sql`shown_cause`, sql`drops.fault`],
  fault: [nothing, nothing, sql`drops.fault`],
};

/**
 * A column as the audience may see it: a customer learns of drops by the platform that they happened and
 * how many, not which internal reason, cause or place it was. It is folded here, before anything leaves the store.
 */
export function shown(scope: Scope, column: Sql): Sql {
  return scope.audience === 'operator' ? column : sql`if(fault = 'platform', 'platform', ${column})`;
}

/** Packets and bytes per step and group; groups by reason or cause are split by fault too. */
export function planDrops(
  scope: Scope,
  request: { readonly by: DropGrouping; readonly range: StoredRange },
): Query<DropRow> {
  const { by, range } = request;
  const [reason, cause, fault] = SHARED[by] ?? [nothing, nothing, nothing];
  return Query.of({
    name: 'drops',
    scope,
    sql: sql`SELECT step, ${GROUP_COLUMNS[by]} AS name, ${reason} AS reason, ${cause} AS cause, ${fault} AS fault,
  sum(drops.packets) AS packets, sum(drops.bytes) AS bytes
FROM (
  SELECT ${stepOf} AS step, ${shown(scope, sql`reason`)} AS shown_reason, ${shown(scope, sql`cause`)} AS shown_cause,
    ${shown(scope, sql`place`)} AS shown_place, fault, app, instance, host, region, packets, bytes
  FROM ${read(scope, 'drops', timeWithin)}
) AS drops
GROUP BY 1, 2, 3, 4, 5`,
    parameters: { ...readFrom(range), step_ms: range.stepMs },
    row,
  });
}
