/**
 * What buckets must hold, computed from the rows one after the other in plain words: no segments, no SQL. An hour is
 * computed from its rows and not from its minutes, so that equality says that merging loses nothing.
 */

export const KINDS = [
  'sum',
  'exponential_histogram',
  'gauge',
  'cumulative_sum',
  'cumulative_exponential_histogram',
  'histogram',
  'cumulative_histogram',
  'up_down_sum',
] as const;
export type Kind = (typeof KINDS)[number];

/** A row of `samples` without its labels. */
export interface Row {
  readonly series: number;
  readonly kind: Kind;
  readonly timeMs: number;
  readonly source: number;
  readonly startMs: number;
  readonly value: number;
  readonly count: number;
  readonly sum: number;
  readonly zeroCount: number;
  /** By index, or by place where there are bounds. */
  readonly buckets: ReadonlyMap<number, number>;
}

/** The value columns of a rollup's row. */
export interface Expected {
  value: number;
  count: number;
  sum: number;
  zeroCount: number;
  readonly buckets: Map<number, number>;
  min: number;
  max: number;
  rows: number;
  first: Row | undefined;
  last: Row | undefined;
}

const HOUR_MS = 3_600_000;

/** The bucket's row for one series out of its rows. */
export function bucketOf(rows: readonly Row[]): Expected {
  const ordered = [...rows].sort((a, b) => a.timeMs - b.timeMs || a.source - b.source);
  const result: Expected = { ...emptyValues(), min: 0, max: 0, rows: 0, first: undefined, last: undefined };
  let previous: Row | undefined;
  for (const row of ordered) {
    result.rows += 1;
    if (row.kind === 'gauge') seeGauge(result, row);
    else if (!row.kind.startsWith('cumulative_')) add(result, row, 1);
    else if (previous !== undefined) addStep(result, previous, row);
    previous = row;
  }
  const [first] = ordered;
  if (first?.kind === 'gauge' || first?.kind.startsWith('cumulative_') === true) {
    result.first = first;
    result.last = previous;
  }
  return result;
}

/** All increases of a series, the first row's included as far as it is known to be new. */
export function totalOf(rows: readonly Row[]): Expected {
  const ordered = [...rows].sort((a, b) => a.timeMs - b.timeMs || a.source - b.source);
  const result = bucketOf(rows);
  const [first] = ordered;
  if (first?.kind.startsWith('cumulative_') === true && isFresh(first)) add(result, first, 1);
  return result;
}

function emptyValues() {
  return { value: 0, count: 0, sum: 0, zeroCount: 0, buckets: new Map<number, number>() };
}

function seeGauge(result: Expected, row: Row): void {
  result.min = result.count === 0 ? row.value : Math.min(result.min, row.value);
  result.max = result.count === 0 ? row.value : Math.max(result.max, row.value);
  result.value = row.value;
  result.count += 1;
  result.sum += row.value;
}

/** Counts since less than an hour: all of it is new. */
function isFresh(row: Row): boolean {
  return row.startMs >= row.timeMs - HOUR_MS;
}

function addStep(result: Expected, previous: Row, row: Row): void {
  if (row.timeMs - previous.timeMs > HOUR_MS) {
    if (isFresh(row)) add(result, row, 1);
    return;
  }
  const restarted = row.startMs > previous.startMs && row.startMs >= previous.timeMs;
  add(result, row, 1);
  if (!restarted && !fell(previous, row)) add(result, previous, -1);
}

function fell(previous: Row, row: Row): boolean {
  if (row.value < previous.value || row.count < previous.count || row.zeroCount < previous.zeroCount)
    return true;
  return [...previous.buckets].some(([index, count]) => count > (row.buckets.get(index) ?? 0));
}

function add(result: Expected, row: Row, sign: 1 | -1): void {
  result.value += sign * row.value;
  result.count += sign * row.count;
  result.sum += sign * row.sum;
  result.zeroCount += sign * row.zeroCount;
  for (const [index, count] of row.buckets) {
    const total = (result.buckets.get(index) ?? 0) + sign * count;
    if (total === 0) result.buckets.delete(index);
    else result.buckets.set(index, total);
  }
}
