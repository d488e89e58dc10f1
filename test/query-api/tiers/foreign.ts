import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { DATABASE, type ClickHouseClient } from '../../../common/clickhouse/connection.js';
import type { MetricKind } from '../../../query-api/plan/metrics.js';
import { engineTime } from '../rows.js';
import { CUSTOMERS } from './agents.js';

/** A row of `samples` as the writer makes it of a point that somebody else sent. */
export interface ForeignRow {
  readonly customer: string;
  readonly kind: MetricKind;
  readonly app: string;
  readonly instance: string;
  readonly host: string;
  readonly timeMs: number;
  readonly startMs: number;
  readonly value: number;
  readonly count: number;
  readonly sum: number;
  readonly zeroCount: number;
  readonly indexes: readonly number[];
  readonly counts: readonly number[];
}

export type ForeignWrite = readonly ForeignRow[];

export const BOUNDS = [0.5, 1, 2] as const;
const KINDS = [
  'sum',
  'up_down_sum',
  'gauge',
  'cumulative_sum',
  'histogram',
  'cumulative_histogram',
  'exponential_histogram',
  'cumulative_exponential_histogram',
] as const satisfies readonly MetricKind[];

/** One metric a kind, so that a question asks for all rows of a kind. */
export const metricOf = (kind: MetricKind) => `app.${kind}`;
export const METRICS = KINDS.map(metricOf);

export const isExplicit = (kind: MetricKind) => kind === 'histogram' || kind === 'cumulative_histogram';
const isHistogram = (kind: MetricKind) => kind.endsWith('histogram');
export const isCumulative = (kind: MetricKind) => kind.startsWith('cumulative');

/** Sums of these are exact in any order. */
const UNIT = 2 ** -20;

/**
 * Cumulative rows mostly grow with time from one start, so that differences are taken; some begin anew or
 * fall, so that there are resets; those of short ago count whole without a row before them.
 */
function rowAt(minutes: readonly number[]): fc.Arbitrary<ForeignRow> {
  const first = Math.min(...minutes);
  return fc
    .record({
      minute: fc.constantFrom(...minutes),
      off: fc.integer({ min: 0, max: 59_999 }),
      // Few series of many rows each, so that most rows have a neighbour within the lookback.
      customer: fc.constantFrom(...CUSTOMERS.slice(0, 2)),
      kind: fc.constantFrom(...KINDS),
      app: fc.constantFrom('shop', 'cart'),
      instance: fc.constant('1'),
      noise: fc.array(fc.integer({ min: 0, max: 50 }), { minLength: 4, maxLength: 4 }),
      start: fc.constantFrom('long ago', 'long ago', 'long ago', 'in between', 'just now'),
    })
    .map(({ minute, off, customer, kind, app, instance, noise, start }) => {
      const timeMs = minute + off;
      const startMs = {
        'long ago': first - 7_200_000,
        'in between': first + 90_000_000,
        'just now': timeMs - 600_000,
      };
      const since = isCumulative(kind) ? Math.floor((timeMs - first) / 10_000) : 0;
      const counts = isHistogram(kind) ? noise.map((one) => one + since) : [];
      const zeroCount = kind.includes('exponential') ? since + (noise[0] ?? 0) : 0;
      return {
        ...{ customer, kind, app, instance, host: `${app}-host`, timeMs },
        startMs: isCumulative(kind) ? Math.min(startMs[start], timeMs) : timeMs,
        value: isHistogram(kind) ? 0 : since + (noise[0] ?? 0) - (kind === 'up_down_sum' ? 25 : 0),
        count: counts.reduce((total, one) => total + one, zeroCount),
        sum: isHistogram(kind) ? (since + (noise[1] ?? 0)) * UNIT : 0,
        zeroCount,
        indexes: kind.includes('exponential') ? [-9, -2, 0, 31] : [],
        counts,
      };
    });
}

export function foreignWrites(minutes: readonly number[]): fc.Arbitrary<ForeignWrite> {
  return fc.array(rowAt(minutes), { minLength: 40, maxLength: 120 }).map((rows) => {
    const byKey = rows.map((row) => [`${seriesOf(row)} ${row.timeMs}`, row] as const);
    return [...new Map(byKey).values()];
  });
}

/** Any hash does: equal texts, equal series. */
export function seriesOf({ customer, kind, app, instance }: ForeignRow): string {
  const text = [customer, kind, app, instance].join('|');
  return String(createHash('sha256').update(text).digest().readUInt32LE(0));
}

export async function storeForeignWrites(
  admin: ClickHouseClient,
  writes: readonly ForeignWrite[],
  sourceOf: (write: ForeignWrite) => number,
): Promise<void> {
  const values = writes.flatMap((write) =>
    write.map((row) => ({
      ...{
        customer: row.customer,
        metric: metricOf(row.kind),
        series: seriesOf(row),
        source: sourceOf(write),
      },
      time: engineTime(row.timeMs),
      start_time: engineTime(row.startMs),
      window_ms: 0,
      kind: row.kind,
      unit: isHistogram(row.kind) ? 's' : '1',
      ...{ value: row.value, count: row.count, sum: row.sum, zero_count: row.zeroCount },
      bucket_indexes: row.indexes,
      bucket_counts: row.counts,
      bounds: isExplicit(row.kind) ? BOUNDS : [],
      ...{ region: '', host: row.host, app: row.app, instance: row.instance },
      attributes: { 'scope.name': 'test' },
    })),
  );
  if (values.length > 0) {
    await admin.insert({ table: `${DATABASE}.samples`, values, format: 'JSONEachRow' });
  }
}
