import { type Resolution, RESOLUTIONS, storedFromAt, type StoredRange, type Stretch } from './resolution.js';
import type { ParameterValue } from './query.js';
import type { Scope } from './scope.js';
import { Sql, sql } from './sql.js';
import { read, type OwnedTable } from './tables.js';

/** What a plan takes of the raw rows and of the buckets: the same columns, under the same names. */
export interface Shape {
  readonly raw: {
    readonly table: OwnedTable;
    readonly columns: Sql;
    /** Narrowing beside the time. */
    readonly where: Sql;
  };
  readonly rollup: { readonly columns: Sql; readonly where: Sql };
}

/** A subquery and the values that it needs. */
export interface TieredRead {
  readonly sql: Sql;
  readonly parameters: Readonly<Record<string, ParameterValue>>;
}

const TABLES = { minute: 'minutes', hour: 'hours', day: 'days' } as const;

/** Start of the step that a row's time lies in, Unix milliseconds. */
const RAW_STEP = sql`intDiv(toUnixTimestamp64Milli(time), {step_ms:Int64}) * {step_ms:Int64}`;
const BUCKET_STEP = sql`intDiv(toInt64(toUnixTimestamp(time)) * 1000, {step_ms:Int64}) * {step_ms:Int64}`;

/**
 * All rows of the scope within the stretches, each time at its own resolution, with the start of the step
 * that they lie in as `step`. The bounds of each stretch stand beside the key's own column, so that the
 * engine reads those parts alone.
 */
export function readTiers(
  scope: Scope,
  range: StoredRange,
  stretches: readonly Stretch[],
  shape: Shape,
): TieredRead {
  const parameters: Record<string, ParameterValue> = { step_ms: range.stepMs };
  const parts = RESOLUTIONS.flatMap((resolution) => {
    const within = timesAt(range, stretches, resolution, parameters);
    if (within === undefined) return [];
    if (resolution === 'raw') {
      const { table, columns, where } = shape.raw;
      return [
        sql`SELECT ${RAW_STEP} AS step, ${columns} FROM ${read(scope, table, sql`${where} AND ${within}`)}`,
      ];
    }
    const { columns, where } = shape.rollup;
    const rows = read(scope, TABLES[resolution], sql`${where} AND ${within}`);
    return [sql`SELECT ${BUCKET_STEP} AS step, ${columns} FROM ${rows}`];
  });
  return { sql: sql`(${Sql.list(parts, sql` UNION ALL `)})`, parameters };
}

/**
 * The condition that a time lies in one of the stretches of a resolution; its values are added to the
 * parameters. Of what is about to expire nothing is taken, so that a window is read whole or not at all.
 * @returns undefined when there is none, but always a condition for raw: some part has to be there.
 */
function timesAt(
  range: StoredRange,
  stretches: readonly Stretch[],
  resolution: Resolution,
  parameters: Record<string, ParameterValue>,
): Sql | undefined {
  const storedFrom = storedFromAt(range, resolution);
  const parts = stretches
    .filter((stretch) => stretch.resolution === resolution && stretch.toMs > storedFrom)
    .map((stretch, index) => {
      parameters[`${resolution}_from_${index}`] = Math.max(stretch.fromMs, storedFrom);
      parameters[`${resolution}_to_${index}`] = stretch.toMs;
      const from = Sql.placeholder(`${resolution}_from_${index}`, 'Int64');
      const to = Sql.placeholder(`${resolution}_to_${index}`, 'Int64');
      return sql`(time >= fromUnixTimestamp64Milli(${from}) AND time < fromUnixTimestamp64Milli(${to}))`;
    });
  if (parts.length > 0) return sql`(${Sql.list(parts, sql` OR `)})`;
  return resolution === 'raw' ? sql`0` : undefined;
}
