import { findSignal } from '../../signals/catalogue.js';
import { MAX_NAME_LENGTH, MAX_TIME_MS } from '../limits.js';
import { readPointAttributes } from './attributes.js';
import { readExplicit, readExponential, type ReadHistogram } from './histograms.js';
import {
  NO_VALUES,
  PointRefused,
  type ForeignKind,
  type ForeignOrigin,
  type ForeignPoint,
  type ForeignValues,
} from './point.js';
import {
  CUMULATIVE,
  DELTA,
  type ForeignExponential,
  type ForeignHistogram,
  type ForeignMetric,
  type ForeignNumber,
} from './schema.js';

const NANOSECONDS_PER_MS = 1_000_000n;
/** Longest delta interval: `window_ms` is a UInt32. Raw retention is shorter. */
const MAX_INTERVAL_MS = 2 ** 32 - 1;

/** Our Prometheus names begin so; a foreign metric must not stand beside them. */
const RESERVED_PREFIX = /^bellwether[._]/;

/** @throws PointRefused when none of the metric's points can be taken. */
export function checkName({ name, unit }: ForeignMetric): void {
  for (const [what, text, least] of [['name', name, 1] as const, ['unit', unit, 0] as const]) {
    if (text.length >= least && text.length <= MAX_NAME_LENGTH) continue;
    const right = `right would be ${least} to ${MAX_NAME_LENGTH}`;
    throw new PointRefused('name_invalid', `the ${what} has ${text.length} characters; ${right}`);
  }
  if (findSignal(name) === undefined && !RESERVED_PREFIX.test(name)) return;
  throw new PointRefused('reserved_name', `${name} is a name of Bellwether's own measurements`);
}

export interface Context {
  readonly metric: ForeignMetric;
  readonly origin: ForeignOrigin;
}

/** @throws PointRefused. */
export function readGaugePoint(context: Context, point: ForeignNumber): ForeignPoint {
  return complete(context, point, { kind: 'gauge', cumulative: true, values: numberOf(point) });
}

/** @throws PointRefused. */
export function readSumPoint(context: Context, point: ForeignNumber): ForeignPoint {
  const isMonotonic = context.metric.sum?.isMonotonic === true;
  const cumulative = isCumulative(context.metric.sum?.aggregationTemporality);
  const values = numberOf(point);
  if (isMonotonic && values.value < 0) {
    throw new PointRefused('value_invalid', `the value is ${values.value}, but the sum is monotonic`);
  }
  // What goes up and down and is told as a total can be read like a gauge, and only so.
  const ofCumulative: ForeignKind = isMonotonic ? 'cumulative_sum' : 'gauge';
  const ofDelta: ForeignKind = isMonotonic ? 'sum' : 'up_down_sum';
  return complete(context, point, { kind: cumulative ? ofCumulative : ofDelta, cumulative, values });
}

/** @throws PointRefused. */
export function readHistogramPoint(context: Context, point: ForeignHistogram): ForeignPoint {
  const cumulative = isCumulative(context.metric.histogram?.aggregationTemporality);
  return complete(context, point, named(readExplicit(point), cumulative));
}

/** @throws PointRefused. */
export function readExponentialPoint(context: Context, point: ForeignExponential): ForeignPoint {
  const cumulative = isCumulative(context.metric.exponentialHistogram?.aggregationTemporality);
  return complete(context, point, named(readExponential(point), cumulative));
}

interface Content {
  readonly kind: ForeignKind;
  readonly cumulative: boolean;
  readonly values: ForeignValues;
}

function named({ kind, values }: ReadHistogram, cumulative: boolean): Content {
  return { kind: cumulative ? `cumulative_${kind}` : kind, cumulative, values };
}

function isCumulative(temporality: number | undefined): boolean {
  if (temporality === CUMULATIVE) return true;
  if (temporality === DELTA) return false;
  throw new PointRefused(
    'temporality_unspecified',
    `the aggregation temporality is ${temporality ?? 0}; right would be ${DELTA} (delta) or ${CUMULATIVE} (cumulative)`,
  );
}

function numberOf({ asInt, asDouble }: ForeignNumber): ForeignValues {
  // An integer beyond 2^53 is rounded: the column is a Float64.
  const value = asInt === undefined ? asDouble : Number(asInt);
  if (value === undefined) throw new PointRefused('value_invalid', 'there is no value');
  if (Number.isFinite(value)) return { ...NO_VALUES, value };
  throw new PointRefused('value_invalid', `the value is ${value}; right would be a finite number`);
}

type Times = Pick<ForeignNumber, 'startTimeUnixNano' | 'timeUnixNano'>;

function complete(
  { metric, origin }: Context,
  point: Times & Pick<ForeignNumber, 'attributes'>,
  { kind, cumulative, values }: Content,
): ForeignPoint {
  const attributes = readPointAttributes(origin, point.attributes);
  const { timeMs, startMs, windowMs } = readTimes(point, kind, cumulative);
  // Field by field: spreading three objects into one took half of the time of a point.
  return {
    kind,
    metric: metric.name,
    unit: metric.unit,
    origin,
    attributes,
    timeMs,
    startMs,
    windowMs,
    value: values.value,
    count: values.count,
    sum: values.sum,
    zeroCount: values.zeroCount,
    bucketIndexes: values.bucketIndexes,
    bucketCounts: values.bucketCounts,
    bounds: values.bounds,
  };
}

function readTimes(
  { startTimeUnixNano, timeUnixNano }: Times,
  kind: ForeignKind,
  cumulative: boolean,
): Pick<ForeignPoint, 'timeMs' | 'startMs' | 'windowMs'> {
  if (timeUnixNano === 0n) throw invalidTime('there is no time');
  const endMs = Number(timeUnixNano / NANOSECONDS_PER_MS);
  if (endMs > MAX_TIME_MS) throw invalidTime('the time is after 2262');
  if (startTimeUnixNano > timeUnixNano) throw invalidTime('the start is after the time');
  const startMs = Number(startTimeUnixNano / NANOSECONDS_PER_MS);
  if (kind === 'gauge') return { timeMs: endMs, startMs: endMs, windowMs: 0 };
  // Since when it counts may be unknown: then it is long ago, not at its first observation.
  if (cumulative) return { timeMs: endMs, startMs, windowMs: 0 };
  if (startTimeUnixNano === 0n) return { timeMs: endMs, startMs: endMs, windowMs: 0 };
  const windowMs = endMs - startMs;
  if (windowMs > MAX_INTERVAL_MS) throw invalidTime(`the interval has ${windowMs} ms`);
  return { timeMs: startMs, startMs, windowMs };
}

function invalidTime(detail: string): PointRefused {
  return new PointRefused('time_invalid', detail);
}
