import { cumulativeRule, type Increase } from '../../../common/clickhouse/cumulative.js';

/**
 * Cumulative series in SQL. A piece of one is a segment: its first and last row and the increase between them.
 * Segments side by side make a longer one: increase(a + b) = increase(a) + step(a.last, b.first) + increase(b).
 * A row is a segment of its own with increase 0. So minutes, hours and days are made in one way, in any grouping.
 */

const rule = cumulativeRule<string>((literals, ...pieces) => String.raw({ raw: literals }, ...pieces));

export const { placesWhereNone } = rule;
export const CUMULATIVE = rule.kinds;

/** Array of (kind, previous, next) of the steps between the segments of `edges`, (order, first, last, …) in order. */
export function stepsBetween(edges: string): string {
  const lasts = `arrayMap(edge -> edge.3, ${edges})`;
  const firsts = `arrayMap(edge -> edge.2, ${edges})`;
  return `arrayMap((p, n) -> (${rule.stepKind('p', 'n')}, p, n), arrayPopBack(${lasts}), arrayPopFront(${firsts}))`;
}

/** The step into the first segment, from nothing; none where `edge.4` says that all before it is known. */
export function stepIntoFirst(edges: string): string {
  const kind = `if(edge.4, ${rule.nothing}, ${rule.openingKind('edge.2')})`;
  return `arrayMap(edge -> (${kind}, edge.2, edge.2), arraySlice(${edges}, 1, 1))`;
}

const INCREASE = rule.increase('step.1', 'step.2', 'step.3');

/** Sum of what the steps add to a number. */
export function stepSum(steps: string, name: Exclude<keyof Increase<string>, 'indexes' | 'counts'>): string {
  return `arraySum(step -> ${INCREASE[name]}, ${steps})`;
}

/** (indexes, counts as Int64) of `own` and of what the steps add to the buckets. */
export function stepBuckets(steps: string, own: string): string {
  const perStep = (added: string) => `arrayFlatten(arrayMap(step -> ${added}, ${steps}))`;
  const indexes = `arrayConcat(${own}.1, ${perStep(INCREASE.indexes)})`;
  const increases = `arrayConcat(arrayMap(c -> toInt64(c), ${own}.2), ${perStep(INCREASE.counts)})`;
  return `arrayReduce('sumMap', [${indexes}], [${increases}])`;
}
