/**
 * Cumulative series in SQL. A piece of one is a segment: its first and last row and the increase between them.
 * Segments side by side make a longer one: increase(a + b) = increase(a) + step(a.last, b.first) + increase(b).
 * A row is a segment of its own with increase 0. So minutes, hours and days are made in one way, in any grouping.
 */

/** A row further back than this is none: how much of the increase belongs to this bucket is not known. */
export const LOOKBACK_HOURS = 1;

/** Places in an edge, the tuple that `first` and `last` are. */
const EDGE = {
  time: 1,
  startTime: 2,
  value: 3,
  count: 4,
  sum: 5,
  zeroCount: 6,
  indexes: 7,
  counts: 8,
} as const;
type Field = keyof typeof EDGE;

const field = (edge: string, name: Field) => `${edge}.${EDGE[name]}`;

/** What a step adds: all that `next` says, nothing, or what it says more than `previous`. */
const WHOLE = '1';
const NOTHING = '0';
const DIFFERENCE = '2';

/** Explicit buckets have no indexes of their own: their places are. */
function indexesOf(edge: string): string {
  return placesWhereNone(field(edge, 'indexes'), field(edge, 'counts'));
}

/** Indexes for sumMap: as stored, or the places of the counts where there are only counts. */
export function placesWhereNone(indexes: string, counts: string): string {
  return `if(empty(${indexes}), arrayMap(place -> toInt16(place), range(length(${counts}))), ${indexes})`;
}

/** Nothing is known of what came before: what counts since less than the lookback is all new. */
function openingOf(next: string): string {
  const startTime = field(next, 'startTime');
  return `if(${startTime} >= subtractHours(${field(next, 'time')}, ${LOOKBACK_HOURS}), ${WHOLE}, ${NOTHING})`;
}

/** A counter never falls, and neither does a bucket: if one does, it began anew. */
function fell(previous: string, next: string): string {
  const numbers = (['value', 'count', 'zeroCount'] as const).map(
    (name) => `${field(next, name)} < ${field(previous, name)}`,
  );
  const nextCount = `${field(next, 'counts')}[indexOf(${indexesOf(next)}, i)]`;
  const bucket = `arrayExists((i, c) -> c > ${nextCount}, ${indexesOf(previous)}, ${field(previous, 'counts')})`;
  return [...numbers, bucket].join(' OR ');
}

/** Which of the three a step is. */
function stepKind(previous: string, next: string): string {
  const startTime = field(next, 'startTime');
  const restarted = `${startTime} > ${field(previous, 'startTime')} AND ${startTime} >= ${field(previous, 'time')}`;
  return `multiIf(
        addHours(${field(previous, 'time')}, ${LOOKBACK_HOURS}) < ${field(next, 'time')}, ${openingOf(next)},
        (${restarted}) OR ${fell(previous, next)}, ${WHOLE},
        ${DIFFERENCE})`;
}

/** Array of (kind, previous, next) of the steps between the segments of `edges`, (order, first, last, …) in order. */
export function stepsBetween(edges: string): string {
  const lasts = `arrayMap(edge -> edge.3, ${edges})`;
  const firsts = `arrayMap(edge -> edge.2, ${edges})`;
  return `arrayMap((p, n) -> (${stepKind('p', 'n')}, p, n), arrayPopBack(${lasts}), arrayPopFront(${firsts}))`;
}

/** The step into the first segment, from nothing; none where `edge.4` says that all before it is known. */
export function stepIntoFirst(edges: string): string {
  const kind = `if(edge.4, ${NOTHING}, ${openingOf('edge.2')})`;
  return `arrayMap(edge -> (${kind}, edge.2, edge.2), arraySlice(${edges}, 1, 1))`;
}

/** Sum of what the steps add to a number. */
export function stepSum(steps: string, name: 'value' | 'count' | 'sum' | 'zeroCount'): string {
  const isCount = name === 'count' || name === 'zeroCount';
  const of = (edge: string) => (isCount ? `toInt64(${field(edge, name)})` : field(edge, name));
  return `arraySum(step -> multiIf(step.1 = ${NOTHING}, 0, step.1 = ${WHOLE}, ${of('step.3')}, ${of('step.3')} - ${of('step.2')}), ${steps})`;
}

/** (indexes, counts as Int64) of `own` and of what the steps add to the buckets. */
export function stepBuckets(steps: string, own: string): string {
  const counts = (edge: string, sign: string) => `arrayMap(c -> ${sign}toInt64(c), ${field(edge, 'counts')})`;
  const perStep = (next: string, previous: string) =>
    `arrayFlatten(arrayMap(step -> multiIf(step.1 = ${NOTHING}, [], step.1 = ${WHOLE}, ${next}, arrayConcat(${next}, ${previous})), ${steps}))`;
  const indexes = `arrayConcat(${own}.1, ${perStep(indexesOf('step.3'), indexesOf('step.2'))})`;
  const increases = `arrayConcat(arrayMap(c -> toInt64(c), ${own}.2), ${perStep(counts('step.3', ''), counts('step.2', '-'))})`;
  return `arrayReduce('sumMap', [${indexes}], [${increases}])`;
}
