import { isDeepStrictEqual } from 'node:util';
import type { Attributes, HrTime } from '@opentelemetry/api';
import {
  AggregationTemporality,
  DataPointType,
  type ExponentialHistogram,
  type MetricData,
  type ResourceMetrics,
} from '@opentelemetry/sdk-metrics';
import { ATTRIBUTES, ATTRIBUTE_TEXTS, HISTOGRAM_VALUES } from './sdk.js';
import type { SampleRow } from './rows.js';

/** Whose rows they must be, and what is stored of the resource. */
export interface Origin {
  readonly customer: string;
  readonly app: string;
  readonly host: string;
  readonly instance: string;
  readonly region: string;
  readonly attributes: Readonly<Record<string, string>>;
}

type Metric = MetricData;
type Point = Metric['dataPoints'][number];

/**
 * Holds rows against what the SDK handed to its exporter, one `ResourceMetrics` a flush and round, and its
 * buckets against the values that were recorded. None of it is worked out by code of ours.
 * @returns what differs, in words; empty when all is equal.
 */
export function differences(
  rows: readonly SampleRow[],
  sent: readonly ResourceMetrics[],
  origin: Origin,
): string[] {
  const left = new Map(rows.map((row) => [keyOf(row, row.attributes), row]));
  const doubled = rows.length - left.size;
  const found: string[] = doubled === 0 ? [] : [`${doubled} rows stand there again`];
  for (const [round, metrics] of sent.entries()) {
    for (const { scope, metrics: list } of metrics.scopeMetrics) {
      for (const metric of list) {
        for (const point of metric.dataPoints) {
          const attributes = { ...origin.attributes, 'scope.name': scope.name, ...texts(point.attributes) };
          const key = keyOf({ metric: metric.descriptor.name, ...rowTimes(metric, point) }, attributes);
          const row = left.get(key);
          left.delete(key);
          if (row === undefined) found.push(`${key}: no such row`);
          else found.push(...compare(row, { metric, point, round, origin }).map((what) => `${key}: ${what}`));
        }
      }
    }
  }
  return [...found, ...[...left.keys()].map((key) => `${key}: a row that nobody sent`)];
}

/** How many points the SDK sent. */
export function pointsOf(sent: readonly ResourceMetrics[]): number {
  const metrics = sent.flatMap(({ scopeMetrics }) => scopeMetrics.flatMap((scope) => scope.metrics));
  return metrics.reduce((total, { dataPoints }) => total + dataPoints.length, 0);
}

interface Expected {
  readonly metric: Metric;
  readonly point: Point;
  readonly round: number;
  readonly origin: Origin;
}

function compare(row: SampleRow, { metric, point, round, origin }: Expected): string[] {
  const { customer, app, host, instance, region } = origin;
  const isGauge = kindOf(metric) === 'gauge';
  const pairs: [string, unknown, unknown][] = [
    [
      'owner',
      [row.customer, row.app, row.host, row.instance, row.region],
      [customer, app, host, instance, region],
    ],
    ['kind', row.kind, kindOf(metric)],
    ['unit', row.unit, metric.descriptor.unit],
    ['start', row.start, milliseconds(isGauge ? point.endTime : point.startTime)],
  ];
  if (typeof point.value === 'number') pairs.push(['value', row.value, point.value]);
  else {
    const values = recordedValues(metric, round);
    pairs.push(
      ['count', row.count, point.value.count],
      ['sum', row.sum, point.value.sum],
      ['zeros and buckets', total(row), point.value.count],
      ['buckets', bucketsOf(row), bucketsHolding(row, values)],
    );
    if ('scale' in point.value) pairs.push(['resolution', lacksBounds(row, point.value), []]);
  }
  return pairs
    .filter(([, actual, expected]) => !isDeepStrictEqual(actual, expected))
    .map(([what, actual, expected]) => {
      return `${what} is ${JSON.stringify(actual)}, right would be ${JSON.stringify(expected)}`;
    });
}

function kindOf(metric: Metric): string {
  const isDelta = metric.aggregationTemporality === AggregationTemporality.DELTA;
  switch (metric.dataPointType) {
    case DataPointType.GAUGE:
      return 'gauge';
    case DataPointType.SUM:
      if (metric.isMonotonic) return isDelta ? 'sum' : 'cumulative_sum';
      return isDelta ? 'up_down_sum' : 'gauge';
    case DataPointType.HISTOGRAM:
      return isDelta ? 'histogram' : 'cumulative_histogram';
    case DataPointType.EXPONENTIAL_HISTOGRAM: {
      const isFine = metric.dataPoints.every(({ value }) => value.scale >= 3);
      const kind = isFine ? 'exponential_histogram' : 'histogram';
      return isDelta ? kind : `cumulative_${kind}`;
    }
  }
}

/** All values that the point must hold. */
function recordedValues(metric: Metric, round: number): number[] {
  const valuesOf = HISTOGRAM_VALUES[metric.descriptor.name];
  const isDelta = metric.aggregationTemporality === AggregationTemporality.DELTA;
  const rounds = isDelta ? [round] : Array.from({ length: round + 1 }, (_, i) => i);
  return rounds.flatMap((each) => [...(valuesOf?.(each) ?? [])]);
}

type Buckets = readonly (readonly [number, number])[];

/** Filled buckets as [place, count]; the place is an index, or one among the bounds. */
function bucketsOf(row: SampleRow): Buckets {
  return row.bucket_counts
    .map((count, place): [number, number] => [row.bucket_indexes[place] ?? place, count])
    .filter(([, count]) => count > 0);
}

/** Where the values belong: (2^(i/8), 2^((i+1)/8)], or below the first bound that is not less. */
function bucketsHolding(row: SampleRow, values: readonly number[]): Buckets {
  const isExponential = row.kind.endsWith('exponential_histogram');
  const counts = new Map<number, number>();
  for (const value of isExponential ? values.filter((one) => one !== 0) : values) {
    const bound = row.bounds.findIndex((upper) => value <= upper);
    const explicit = bound === -1 ? row.bounds.length : bound;
    const place = isExponential ? Math.ceil(Math.log2(value) * 8) - 1 : explicit;
    counts.set(place, (counts.get(place) ?? 0) + 1);
  }
  return [...counts].sort(([a], [b]) => a - b);
}

function total(row: SampleRow): number {
  return row.bucket_counts.reduce((sum, count) => sum + count, row.zero_count);
}

/** Bounds of the SDK's filled buckets that are no bounds of the row, although its scale is coarser than ours. */
function lacksBounds(row: SampleRow, { scale, positive }: ExponentialHistogram): number[] {
  if (scale >= 3) return [];
  return positive.bucketCounts
    .flatMap((count, i) => (count === 0 ? [] : [positive.offset + i, positive.offset + i + 1]))
    .map((index) => 2 ** (index / 2 ** scale))
    .filter((bound) => !row.bounds.includes(bound));
}

function texts(attributes: Attributes): Record<string, string> {
  return attributes === ATTRIBUTES || 'flag' in attributes
    ? { ...ATTRIBUTE_TEXTS }
    : Object.fromEntries(Object.entries(attributes).map(([key, value]) => [key, String(value)]));
}

type Times = Pick<SampleRow, 'time' | 'window_ms'>;

/** Two deltas may begin at one time: the first of an observable instrument has no length. */
function keyOf(
  { metric, time, window_ms: windowMs }: Times & Pick<SampleRow, 'metric'>,
  attributes: Readonly<Record<string, string>>,
): string {
  const sorted = Object.entries(attributes).sort(([a], [b]) => (a < b ? -1 : 1));
  return `${metric} ${new Date(time).toISOString()} +${windowMs} ms ${JSON.stringify(sorted)}`;
}

/** A delta stands at the start of its interval. */
function rowTimes(metric: Metric, point: Point): Times {
  const isDelta = metric.aggregationTemporality === AggregationTemporality.DELTA;
  const end = milliseconds(point.endTime);
  if (!isDelta || kindOf(metric) === 'gauge') return { time: end, window_ms: 0 };
  const start = milliseconds(point.startTime);
  return { time: start, window_ms: end - start };
}

function milliseconds([seconds, nanoseconds]: HrTime): number {
  return seconds * 1_000 + Math.floor(nanoseconds / 1_000_000);
}
