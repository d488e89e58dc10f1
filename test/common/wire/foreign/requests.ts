import { textValueOf, type ForeignRequest } from '../../../../common/wire/foreign/index.js';
import type {
  ForeignExponential,
  ForeignHistogram,
  ForeignMetric,
  ForeignNumber,
  KeyValue,
} from '../../../../common/wire/foreign/schema.js';

/** Requests as others make them, each a sound one until it is changed. */

export const START_MS = Date.UTC(2026, 10, 24, 12);
export const END_MS = START_MS + 10_000;
export const nanoseconds = (milliseconds: number): bigint => BigInt(milliseconds) * 1_000_000n;
export const text = (key: string, value: string): KeyValue => ({ key, value: textValueOf(value) });

const times = { startTimeUnixNano: nanoseconds(START_MS), timeUnixNano: nanoseconds(END_MS), flags: 0 };

export function number(change: Partial<ForeignNumber> = {}): ForeignNumber {
  return { ...times, asDouble: 1.5, asInt: undefined, attributes: [], ...change };
}

export function explicit(change: Partial<ForeignHistogram> = {}): ForeignHistogram {
  const counts = { count: 6, sum: 9.5, bucketCounts: [1, 2, 3], explicitBounds: [0.5, 1] };
  return { ...times, attributes: [], ...counts, ...change };
}

export function exponential(change: Partial<ForeignExponential> = {}): ForeignExponential {
  const positive = { offset: -2, bucketCounts: [2, 0, 3] };
  const counts = { count: 6, sum: 4.25, scale: 3, zeroCount: 1, positive, negative: undefined };
  return { ...times, attributes: [], ...counts, ...change };
}

const NONE: ForeignMetric = {
  name: 'their.metric',
  unit: 's',
  gauge: undefined,
  sum: undefined,
  histogram: undefined,
  exponentialHistogram: undefined,
  summary: undefined,
};

export const DELTA = 1;
export const CUMULATIVE = 2;

export function metric(change: Partial<ForeignMetric>): ForeignMetric {
  return { ...NONE, ...change };
}

export function sum(
  dataPoints: ForeignNumber[],
  aggregationTemporality = DELTA,
  isMonotonic = true,
): ForeignMetric {
  return metric({ sum: { dataPoints, aggregationTemporality, isMonotonic } });
}

export function gauge(dataPoints: ForeignNumber[]): ForeignMetric {
  return metric({ gauge: { dataPoints } });
}

export function histogram(dataPoints = [explicit()], aggregationTemporality = DELTA): ForeignMetric {
  return metric({ histogram: { dataPoints, aggregationTemporality } });
}

export function exponentialHistogram(
  dataPoints = [exponential()],
  aggregationTemporality = DELTA,
): ForeignMetric {
  return metric({ exponentialHistogram: { dataPoints, aggregationTemporality } });
}

export function request(
  metrics: ForeignMetric[],
  attributes: KeyValue[] = [text('service.name', 'shop')],
): ForeignRequest {
  return {
    resourceMetrics: [
      {
        resource: { attributes },
        scopeMetrics: [{ scope: { name: 'their.scope', version: '1' }, metrics }],
      },
    ],
  };
}
