/**
 * The rule by which increases of cumulative series are taken, once for the rollup that stores them and for the
 * reader that takes them from raw rows: if these differed, an answer would depend on how it was read. It needs a
 * tag because the reader makes SQL from literals only.
 *
 * A step lies between two rows of a series, each an edge: a tuple (time, start_time, value, count, sum,
 * zero_count, bucket_indexes, bucket_counts), as `first` and `last` of the rollups are.
 */

/** Template tag that makes a piece of SQL out of literals and other pieces. */
export type SqlTag<T> = (literals: TemplateStringsArray, ...pieces: T[]) => T;

/** A row further back than this is none: how much of the increase belongs to the later one is not known. */
export const LOOKBACK_MS = 3_600_000;

/** The rule as pieces of SQL. */
export interface CumulativeRule<T> {
  /** Kinds of cumulative series, for IN. */
  readonly kinds: T;
  /** Indexes of buckets: as stored, or the places of the counts where there are only counts (explicit bounds). */
  readonly placesWhereNone: (indexes: T, counts: T) => T;
  /** Kind of a step that adds nothing. */
  readonly nothing: T;
  /** Kind of the step to an edge before which no row is known. */
  readonly openingKind: (next: T) => T;
  /** Kind of the step between two edges: it adds nothing, all that `next` says, or what it says more. */
  readonly stepKind: (previous: T, next: T) => T;
  /** What a step of this kind adds; counts are Int64, and can fall; indexes and counts are for sumMap. */
  readonly increase: (kind: T, previous: T, next: T) => Increase<T>;
}

export interface Increase<T> {
  readonly value: T;
  readonly count: T;
  readonly sum: T;
  readonly zeroCount: T;
  readonly indexes: T;
  readonly counts: T;
}

export function cumulativeRule<T>(sql: SqlTag<T>): CumulativeRule<T> {
  const [nothing, whole, difference] = [sql`0`, sql`1`, sql`2`];
  /** LOOKBACK_MS. */
  const hours = sql`1`;

  const placesWhereNone = (indexes: T, counts: T) =>
    sql`if(empty(${indexes}), arrayMap(at -> toInt16(at), range(length(${counts}))), ${indexes})`;
  const indexesOf = (edge: T) => placesWhereNone(sql`${edge}.7`, sql`${edge}.8`);

  /** What counts since less than the lookback is all new. */
  const openingKind = (next: T) =>
    sql`if(${next}.2 >= subtractHours(${next}.1, ${hours}), ${whole}, ${nothing})`;

  /** Started after the earlier row was observed. */
  const restarted = (previous: T, next: T) => sql`${next}.2 > ${previous}.2 AND ${next}.2 >= ${previous}.1`;

  /** A counter never falls, and neither does a bucket: if one does, it began anew. */
  const fell = (previous: T, next: T) =>
    sql`${next}.3 < ${previous}.3 OR ${next}.4 < ${previous}.4 OR ${next}.6 < ${previous}.6
      OR arrayExists((i, c) -> c > ${next}.8[indexOf(${indexesOf(next)}, i)], ${indexesOf(previous)}, ${previous}.8)`;

  const stepKind = (previous: T, next: T) => sql`multiIf(
      addHours(${previous}.1, ${hours}) < ${next}.1, ${openingKind(next)},
      (${restarted(previous, next)}) OR ${fell(previous, next)}, ${whole},
      ${difference})`;

  const increase = (kind: T, previous: T, next: T): Increase<T> => {
    const number = (now: T, before: T) =>
      sql`multiIf(${kind} = ${nothing}, 0, ${kind} = ${whole}, ${now}, ${now} - ${before})`;
    const count = (now: T, before: T) => number(sql`toInt64(${now})`, sql`toInt64(${before})`);
    const both = (now: T, before: T) =>
      sql`multiIf(${kind} = ${nothing}, [], ${kind} = ${whole}, ${now}, arrayConcat(${now}, ${before}))`;
    return {
      value: number(sql`${next}.3`, sql`${previous}.3`),
      count: count(sql`${next}.4`, sql`${previous}.4`),
      sum: number(sql`${next}.5`, sql`${previous}.5`),
      zeroCount: count(sql`${next}.6`, sql`${previous}.6`),
      indexes: both(indexesOf(next), indexesOf(previous)),
      counts: both(sql`arrayMap(c -> toInt64(c), ${next}.8)`, sql`arrayMap(c -> -toInt64(c), ${previous}.8)`),
    };
  };

  const kinds = sql`('cumulative_sum', 'cumulative_exponential_histogram', 'cumulative_histogram')`;
  return { kinds, placesWhereNone, nothing, openingKind, stepKind, increase };
}
