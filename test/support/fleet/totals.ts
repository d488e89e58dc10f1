import type { Owner, Point } from '../../../common/wire/batch.js';

/** What a row of samples, minutes or hours says. Bucket counts by index; no bucket has a count of 0. */
export interface Totals {
  /** Rows of samples that are in it. */
  rows: number;
  value: number;
  count: number;
  sum: number;
  zeroCount: number;
  readonly buckets: Map<number, number>;
}

/** What identifies a series, in words of the wire, not by the hash that the product makes of it. */
export interface SeriesLabels {
  readonly host: string;
  readonly metric: string;
  readonly owner: Owner;
  readonly attributes: Readonly<Record<string, string>>;
}

export function emptyTotals(): Totals {
  return { rows: 0, value: 0, count: 0, sum: 0, zeroCount: 0, buckets: new Map() };
}

/** The labels as one text: equal for the same series whoever says it. */
export function seriesKey({ host, metric, owner, attributes }: SeriesLabels): string {
  const { customer, app, instance } = owner;
  const pairs = Object.entries(attributes).sort(([a], [b]) => (a < b ? -1 : 1));
  return JSON.stringify([customer, metric, host, app, instance, ...pairs.flat()]);
}

export function customerOf(key: string): string {
  const labels: unknown = JSON.parse(key);
  return String(Array.isArray(labels) ? labels[0] : undefined);
}

/** Adds a point `times` times. */
export function addPoint(totals: Totals, point: Point, times = 1): void {
  totals.rows += times;
  if (point.kind === 'sum') {
    totals.value += point.value * times;
    return;
  }
  totals.count += point.count * times;
  totals.sum += point.sum * times;
  totals.zeroCount += point.zeroCount * times;
  point.bucketIndexes.forEach((index, position) => {
    const count = (point.bucketCounts[position] ?? 0) * times;
    totals.buckets.set(index, (totals.buckets.get(index) ?? 0) + count);
  });
}

/** Says what differs, or undefined: to the last unit and the last bit. */
export function difference(expected: Totals, stored: Totals): string | undefined {
  for (const field of ['rows', 'value', 'count', 'sum', 'zeroCount'] as const) {
    if (expected[field] !== stored[field]) {
      return `${field} is ${String(stored[field])}, expected ${String(expected[field])}`;
    }
  }
  if (expected.buckets.size !== stored.buckets.size) {
    return `${String(stored.buckets.size)} buckets, expected ${String(expected.buckets.size)}`;
  }
  for (const [index, count] of expected.buckets) {
    const found = stored.buckets.get(index);
    if (found !== count) return `bucket ${String(index)} holds ${String(found)}, expected ${String(count)}`;
  }
  return undefined;
}
