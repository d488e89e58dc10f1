import { z } from 'zod';
import type { Scope } from './scope.js';
import type { Sql } from './sql.js';

export type ParameterValue = string | number;

/** What a query may cost at most; the store ends it beyond. */
export interface Bounds {
  readonly maxExecutionSeconds: number;
  readonly maxResultRows: number;
  readonly maxResultBytes: number;
}

export const DEFAULT_BOUNDS: Bounds = Object.freeze({
  maxExecutionSeconds: 10,
  maxResultRows: 200_000,
  maxResultBytes: 64 * 1024 * 1024,
});

/** The only tables that a query without a scope may name: they hold nothing of anybody. */
const ABOUT_BUCKETS: ReadonlySet<string> = new Set(['bellwether.touches', 'bellwether.seals']);

/** A statement ready to run: scope, text, bound values and the shape of a row. */
export class Query<Row> {
  readonly #scope: Scope | undefined;

  private constructor(
    /** Name of the plan, for metrics and logs. */
    readonly name: string,
    scope: Scope | undefined,
    readonly text: string,
    readonly parameters: Readonly<Record<string, ParameterValue>>,
    readonly row: z.ZodType<Row>,
    readonly bounds: Bounds,
  ) {
    this.#scope = scope;
  }

  /** Undefined for a query about buckets alone. */
  get scope(): Scope | undefined {
    return this.#scope;
  }

  /**
   * Binds the scope's customer beside the plan's own values.
   * @throws Error when a placeholder and the values do not match one to one: a mistake in a plan.
   */
  static of<Row>(plan: {
    readonly name: string;
    readonly scope: Scope;
    readonly sql: Sql;
    readonly parameters: Readonly<Record<string, ParameterValue>>;
    readonly row: z.ZodType<Row>;
    readonly bounds?: Bounds;
  }): Query<Row> {
    const { name, scope, sql, row } = plan;
    if ('customer' in plan.parameters) throw new Error(`plan ${name}: only the scope says which customer`);
    const parameters =
      scope.kind === 'customer' ? { ...plan.parameters, customer: scope.customer } : plan.parameters;
    refuseUnmatched(name, sql, parameters);
    return new Query(name, scope, sql.text, parameters, row, plan.bounds ?? DEFAULT_BOUNDS);
  }

  /**
   * A query without a scope, about buckets of time and nothing in them.
   * @throws Error when it names any other table: a mistake in a plan.
   */
  static ofBuckets<Row>(plan: {
    readonly name: string;
    readonly sql: Sql;
    readonly parameters: Readonly<Record<string, ParameterValue>>;
    readonly row: z.ZodType<Row>;
  }): Query<Row> {
    const { name, sql, parameters, row } = plan;
    const tables = sql.text.match(/\bbellwether\.\w+/g) ?? [];
    const other = tables.find((table) => !ABOUT_BUCKETS.has(table));
    if (other !== undefined) throw new Error(`plan ${name}: ${other} cannot be read without a scope`);
    refuseUnmatched(name, sql, parameters);
    return new Query(name, undefined, sql.text, parameters, row, DEFAULT_BOUNDS);
  }
}

function refuseUnmatched(name: string, sql: Sql, parameters: Readonly<Record<string, ParameterValue>>): void {
  const wanted = new Set([...sql.text.matchAll(/\{(\w+):[^}]+\}/g)].map((match) => match[1] ?? ''));
  const given = new Set(Object.keys(parameters));
  const unmatched = [...wanted, ...given].filter((key) => !wanted.has(key) || !given.has(key));
  if (unmatched.length > 0) throw new Error(`plan ${name}: no match for ${unmatched.join(', ')}`);
}

/** A number that the store may write as text (64-bit integers, by its settings). */
export const storedNumber = z.coerce.number();
/** A 0/1 column. */
export const storedFlag = z.coerce.number().transform((flag) => flag === 1);
