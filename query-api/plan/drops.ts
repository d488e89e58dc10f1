import { z } from 'zod';
import type { StoredRange, Stretch } from './resolution.js';
import { Query, storedNumber } from './query.js';
import type { Scope } from './scope.js';
import { sql, type Sql } from './sql.js';
import { readTiers, type Shape } from './tiers.js';

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

/** Drops as the view `drops` has them, and made from buckets in the same way. */
const DROPS: Shape = {
  raw: {
    table: 'drops',
    columns: sql`reason, cause, fault, place, app, instance, host, region, packets, bytes`,
    where: sql`1`,
  },
  rollup: {
    columns: sql`attributes['drop.reason'] AS reason, attributes['drop.cause'] AS cause,
    attributes['drop.fault'] AS fault, attributes['drop.place'] AS place, app, instance, host, region,
    if(metric = 'packet.drops', value, 0) AS packets, if(metric = 'packet.drop.bytes', value, 0) AS bytes`,
    where: sql`metric IN ('packet.drops', 'packet.drop.bytes')`,
  },
};

/** Packets and bytes per step and group; groups by reason or cause are split by fault too. */
export function planDrops(
  scope: Scope,
  request: {
    readonly by: DropGrouping;
    readonly range: StoredRange;
    readonly stretches: readonly Stretch[];
  },
): Query<DropRow> {
  const { by, range, stretches } = request;
  const rows = readTiers(scope, range, stretches, DROPS);
  const [reason, cause, fault] = SHARED[by] ?? [nothing, nothing, nothing];
  return Query.of({
    name: 'drops',
    scope,
    sql: sql`SELECT step, ${GROUP_COLUMNS[by]} AS name, ${reason} AS reason, ${cause} AS cause, ${fault} AS fault,
  sum(drops.packets) AS packets, sum(drops.bytes) AS bytes
FROM (
  SELECT step, ${shown(scope, sql`reason`)} AS shown_reason, ${shown(scope, sql`cause`)} AS shown_cause,
    ${shown(scope, sql`place`)} AS shown_place, fault, app, instance, host, region, packets, bytes
  FROM ${rows.sql}
) AS drops
GROUP BY 1, 2, 3, 4, 5`,
    parameters: rows.parameters,
    row,
  });
}
