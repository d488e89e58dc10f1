import { quantile } from '../../../common/histogram/exponential-histogram.js';
import type { MetricKind } from '../../../query-api/plan/metrics.js';
import { explicitQuantile } from '../../../query-api/views/explicit-quantile.js';
import { BOUNDS, isCumulative, isExplicit, seriesOf, type ForeignRow } from './foreign.js';

const LOOKBACK_MS = 3_600_000;
const QUANTILES = { p50: 0.5, p90: 0.9, p99: 0.99 } as const;

/** A row, and which message it came in: the later of two of the same time. */
export type Stored = ForeignRow & { readonly source: number };

interface Amounts {
  value: number;
  count: number;
  sum: number;
  zeroCount: number;
  readonly buckets: Map<number, number>;
}

/** What the metric answers say of these rows in a step, by walking through them one by one. */
export function expectedPoints(
  rows: readonly Stored[],
  kind: MetricKind,
  steps: { readonly fromMs: number; readonly toMs: number; readonly stepMs: number },
): Map<number, Record<string, number | null>> {
  const stepOf = (timeMs: number) => Math.floor(timeMs / steps.stepMs) * steps.stepMs;
  const inRange = ({ timeMs }: Stored) => timeMs >= steps.fromMs && timeMs < steps.toMs;
  const points = new Map<number, Record<string, number | null>>();
  if (kind === 'gauge') {
    for (const [step, within] of grouped(rows.filter(inRange), (row) => stepOf(row.timeMs))) {
      points.set(step, gaugePoint(within));
    }
    return points;
  }
  const amounts = new Map<number, Amounts>();
  for (const ofSeries of grouped(rows, seriesOf).values()) {
    const inOrder = ofSeries.toSorted((a, b) => a.timeMs - b.timeMs || a.source - b.source);
    inOrder.forEach((row, place) => {
      if (!inRange(row)) return;
      const step = stepOf(row.timeMs);
      const total = amounts.get(step) ?? nothing();
      amounts.set(step, total);
      add(total, isCumulative(kind) ? increase(inOrder[place - 1], row) : [[row, 1]]);
    });
  }
  for (const [step, total] of amounts) points.set(step, pointOf(total, kind));
  return points;
}

function grouped<Key>(rows: readonly Stored[], keyOf: (row: Stored) => Key): Map<Key, Stored[]> {
  const groups = new Map<Key, Stored[]>();
  for (const row of rows) groups.set(keyOf(row), [...(groups.get(keyOf(row)) ?? []), row]);
  return groups;
}

const nothing = (): Amounts => ({ value: 0, count: 0, sum: 0, zeroCount: 0, buckets: new Map() });

type Signed = readonly (readonly [row: Stored, sign: 1 | -1])[];

/** What a cumulative row says more than the one before it, as rows to add and to take away. */
function increase(before: Stored | undefined, row: Stored): Signed {
  if (before === undefined || row.timeMs - before.timeMs > LOOKBACK_MS) {
    return row.startMs >= row.timeMs - LOOKBACK_MS ? [[row, 1]] : [];
  }
  const restarted = row.startMs > before.startMs && row.startMs >= before.timeMs;
  const fell =
    row.value < before.value ||
    row.count < before.count ||
    row.zeroCount < before.zeroCount ||
    before.counts.some((count, place) => (row.counts[place] ?? 0) < count);
  if (restarted || fell) return [[row, 1]];
  return [
    [row, 1],
    [before, -1],
  ];
}

function add(total: Amounts, rows: Signed): void {
  for (const [row, sign] of rows) {
    total.value += sign * row.value;
    total.count += sign * row.count;
    total.sum += sign * row.sum;
    total.zeroCount += sign * row.zeroCount;
    row.counts.forEach((count, place) => {
      const index = row.indexes[place] ?? place;
      total.buckets.set(index, (total.buckets.get(index) ?? 0) + sign * count);
    });
  }
}

function pointOf(total: Amounts, kind: MetricKind): Record<string, number | null> {
  if (kind.endsWith('sum')) return { increase: total.value };
  const { count, sum, zeroCount } = total;
  const buckets = [...total.buckets].filter(([, inBucket]) => inBucket > 0).sort(([a], [b]) => a - b);
  const of = (q: number) =>
    isExplicit(kind)
      ? explicitQuantile(
          BOUNDS,
          [0, 1, 2, 3].map((place) => total.buckets.get(place) ?? 0),
          q,
        )
      : quantile(
          {
            ...{ count, sum, zeroCount },
            bucketIndexes: buckets.map(([index]) => index),
            bucketCounts: buckets.map(([, inBucket]) => inBucket),
          },
          q,
        );
  return {
    ...{ count, sum, mean: count === 0 ? null : sum / count },
    ...{ p50: of(QUANTILES.p50), p90: of(QUANTILES.p90), p99: of(QUANTILES.p99) },
  };
}

function gaugePoint(rows: readonly Stored[]): Record<string, number> {
  const newest = rows.toSorted(
    (a, b) => a.timeMs - b.timeMs || Number(seriesOf(a)) - Number(seriesOf(b)) || a.source - b.source,
  );
  const values = rows.map(({ value }) => value);
  return {
    last: newest.at(-1)?.value ?? Number.NaN,
    min: Math.min(...values),
    max: Math.max(...values),
    avg: values.reduce((sum, value) => sum + value, 0) / values.length,
  };
}
