import { MAX_INDEX, MIN_INDEX, SCALE } from '../histogram/bounds.js';
import { findSignal } from '../signals/catalogue.js';
import type { BatchHead, BatchLedger, HistogramPoint, Owner, Point, SignalBatch, SumPoint } from './batch.js';
import { MAX_CUSTOMERS, MAX_LEDGER_ENTRIES, MAX_NAME_LENGTH, MAX_POINT_ATTRIBUTES } from './limits.js';
import {
  Attributes,
  flag,
  groupByOwner,
  headAttributes,
  integer,
  nanoseconds,
  ownerResource,
  readHead,
  readOwner,
  refuse,
  text,
  texts,
  type Head,
} from './otlp-attributes.js';
import {
  DELTA,
  exportMetricsServiceRequest,
  type HistogramDataPoint,
  type KeyValue,
  type Metric,
  type NumberDataPoint,
  type ResourceMetrics,
} from './otlp-schema.js';
import { decode, encode } from './protobuf.js';

const LEDGER_SCOPE = 'bellwether.ledger';
export const AGENT_SCOPE = 'bellwether.agent';
const OBSERVED = 'bellwether.observed_ms';
const CUSTOMERS = 'bellwether.customers';
const GOODBYE = 'bellwether.goodbye';
const EMITTED = 'bellwether.ledger.emitted';
const LOST = 'bellwether.ledger.lost';
const UNATTRIBUTED_SUM = 'bellwether.ledger.unattributed';

const HOST_PATH = 'resourceMetrics[0]';

/**
 * One host × one window as an OTLP `ExportMetricsServiceRequest`, which an OpenTelemetry Collector can read.
 * Points are put together by owner and signal; within these they keep their order.
 */
export function encodeSignalBatch(batch: SignalBatch): Uint8Array {
  return encode(exportMetricsServiceRequest, {
    resourceMetrics: [
      hostMetrics(batch),
      ...groupByOwner(batch.points).map(({ owner, values }) => ownerMetrics(batch, owner, values)),
    ],
  });
}

function hostMetrics(batch: SignalBatch): ResourceMetrics {
  const { ledger } = batch;
  return {
    resource: {
      attributes: [
        ...headAttributes(batch),
        integer(OBSERVED, batch.observedMs),
        texts(CUSTOMERS, batch.customers),
        flag(GOODBYE, batch.goodbye),
      ],
    },
    scopeMetrics: [
      {
        scope: { name: LEDGER_SCOPE, version: '' },
        metrics: [
          sumMetric(EMITTED, '{point}', [numberPoint(batch, {}, ledger.emittedPoints)]),
          sumMetric(LOST, '{measurement}', entries(batch, 'cause', ledger.lost)),
          sumMetric(UNATTRIBUTED_SUM, '1', entries(batch, 'signal', ledger.unattributed)),
        ],
      },
    ],
  };
}

function entries(
  batch: SignalBatch,
  key: string,
  values: Readonly<Record<string, number>>,
): NumberDataPoint[] {
  return Object.entries(values).map(([name, value]) => numberPoint(batch, { [key]: name }, value));
}

function ownerMetrics(batch: SignalBatch, owner: Owner, points: readonly Point[]): ResourceMetrics {
  const bySignal = new Map<string, Point[]>();
  for (const point of points) {
    // One metric has one kind; a signal of both kinds would be two metrics of one name.
    const key = `${point.kind} ${point.signal}`;
    const same = bySignal.get(key);
    if (same === undefined) bySignal.set(key, [point]);
    else same.push(point);
  }
  return {
    resource: ownerResource(batch.host, owner),
    scopeMetrics: [
      {
        scope: { name: AGENT_SCOPE, version: '' },
        metrics: [...bySignal.values()].map((same) => metricOf(batch, same)),
      },
    ],
  };
}

function metricOf(batch: SignalBatch, points: readonly Point[]): Metric {
  const name = points[0]?.signal ?? '';
  const unit = findSignal(name)?.unit ?? '';
  const sums = points.filter((point) => point.kind === 'sum');
  if (sums.length > 0) {
    return sumMetric(
      name,
      unit,
      sums.map((point) => numberPoint(batch, point.attributes, point.value)),
    );
  }
  const histograms = points.filter((point) => point.kind === 'exponential_histogram');
  return {
    name,
    unit,
    sum: undefined,
    exponentialHistogram: {
      dataPoints: histograms.map((point) => histogramPoint(batch, point)),
      aggregationTemporality: DELTA,
    },
  };
}

function sumMetric(name: string, unit: string, dataPoints: NumberDataPoint[]): Metric {
  return {
    name,
    unit,
    sum: { dataPoints, aggregationTemporality: DELTA, isMonotonic: true },
    exponentialHistogram: undefined,
  };
}

function numberPoint(
  batch: SignalBatch,
  attributes: Readonly<Record<string, string>>,
  value: number,
): NumberDataPoint {
  const whole = Number.isSafeInteger(value);
  return {
    startTimeUnixNano: nanoseconds(batch.windowStartMs),
    timeUnixNano: nanoseconds(batch.windowEndMs),
    asDouble: whole ? undefined : value,
    asInt: whole ? value : undefined,
    attributes: Object.entries(attributes).map(([key, item]) => text(key, item)),
  };
}

function histogramPoint(batch: SignalBatch, point: HistogramPoint): HistogramDataPoint {
  const offset = point.bucketIndexes[0] ?? 0;
  const last = point.bucketIndexes.at(-1) ?? offset - 1;
  const bucketCounts = new Array<number>(last - offset + 1).fill(0);
  point.bucketIndexes.forEach((index, i) => (bucketCounts[index - offset] = point.bucketCounts[i] ?? 0));
  return {
    attributes: Object.entries(point.attributes).map(([key, item]) => text(key, item)),
    startTimeUnixNano: nanoseconds(batch.windowStartMs),
    timeUnixNano: nanoseconds(batch.windowEndMs),
    count: point.count,
    sum: point.sum,
    scale: SCALE,
    zeroCount: point.zeroCount,
    positive: { offset, bucketCounts },
    negative: undefined,
  };
}

/**
 * Reads and checks one host × one window.
 * @throws BellwetherError `message_invalid` that names the path of the field and what would be right.
 */
export function decodeSignalBatch(bytes: Uint8Array): SignalBatch {
  const [first, ...rest] = decode(exportMetricsServiceRequest, bytes).resourceMetrics;
  const head = readBatchHead(first);
  const points = rest.flatMap((resource, i) => readPoints(`resourceMetrics[${i + 1}]`, head, resource));
  checkCount(head, points.length);
  return { ...head, points };
}

/** What the first entry of a message says, which must be the host. */
export function readBatchHead(first: ResourceMetrics | undefined): BatchHead {
  if (first === undefined) return refuse('resourceMetrics', 'is empty, its first entry must be the host');
  const attributes = new Attributes(`${HOST_PATH}.resource`, first.resource?.attributes ?? []);
  const head = readHead(`${HOST_PATH}.resource`, attributes);
  return {
    ...head,
    observedMs: attributes.integer(OBSERVED, 0, head.windowEndMs - head.windowStartMs),
    customers: attributes.texts(CUSTOMERS, MAX_CUSTOMERS, MAX_NAME_LENGTH),
    goodbye: attributes.flag(GOODBYE),
    ledger: readLedger(HOST_PATH, head, first),
  };
}

/** Refuses a message that holds more or fewer points than it says. */
export function checkCount({ ledger }: BatchHead, points: number): void {
  if (points === ledger.emittedPoints) return;
  refuse(HOST_PATH, `${EMITTED} says ${ledger.emittedPoints} points, the message holds ${points}`);
}

function readLedger(path: string, head: Head, resource: ResourceMetrics): BatchLedger {
  const at = `${path}.scopeMetrics[${LEDGER_SCOPE}]`;
  const metrics = resource.scopeMetrics.find(({ scope }) => scope?.name === LEDGER_SCOPE)?.metrics;
  if (metrics === undefined) return refuse(at, 'is missing');
  const sumsOf = (name: string, key: string) => {
    const metric = metrics.find((candidate) => candidate.name === name);
    const found: [string, number][] = [];
    for (const point of metric === undefined ? [] : readSums(`${at}.${name}`, head, UNOWNED, metric)) {
      found.push([point.attributes[key] ?? '', wholeNumber(`${at}.${name}`, point.value)]);
    }
    if (found.length > MAX_LEDGER_ENTRIES)
      refuse(`${at}.${name}`, `has more than ${MAX_LEDGER_ENTRIES} entries`);
    if (new Map(found).size !== found.length) refuse(`${at}.${name}`, 'says something twice');
    return found;
  };
  const [emitted, ...more] = sumsOf(EMITTED, '');
  if (emitted === undefined || more.length > 0) return refuse(`${at}.${EMITTED}`, 'must have one data point');
  return {
    emittedPoints: emitted[1],
    lost: Object.fromEntries(sumsOf(LOST, 'cause')),
    unattributed: Object.fromEntries(sumsOf(UNATTRIBUTED_SUM, 'signal')),
  };
}

const UNOWNED: Owner = { customer: '', app: '', instance: '' };

function wholeNumber(path: string, value: number): number {
  if (!Number.isSafeInteger(value)) refuse(path, `is ${value}, must be a whole number`);
  return value;
}

function readPoints(path: string, head: Head, resource: ResourceMetrics): Point[] {
  const owner = readOwner(path, head.host, resource.resource);
  return resource.scopeMetrics.flatMap(({ metrics }, s) =>
    metrics.flatMap((metric, m) =>
      readMetric(`${path}.scopeMetrics[${s}].metrics[${m}]`, head, owner, metric),
    ),
  );
}

function readMetric(path: string, head: Head, owner: Owner, metric: Metric): Point[] {
  const { name, sum, exponentialHistogram } = metric;
  return kindOf(path, name, sum !== undefined, exponentialHistogram !== undefined) === 'sum'
    ? readSums(path, head, owner, metric)
    : readHistograms(path, head, owner, metric);
}

/** Which points of a metric count; refuses a name or a kind that cannot be. */
export function kindOf(path: string, name: string, hasSum: boolean, hasHistogram: boolean): Point['kind'] {
  if (name === '' || name.length > MAX_NAME_LENGTH) {
    refuse(`${path}.name`, `must have 1 to ${MAX_NAME_LENGTH} characters`);
  }
  const known = findSignal(name);
  if (hasSum && known?.kind !== 'exponential_histogram') return 'sum';
  if (hasHistogram && known?.kind !== 'sum') return 'exponential_histogram';
  return refuse(path, `${name} must be ${known?.kind ?? 'sum or exponential_histogram'}`);
}

function readSums(path: string, head: Head, owner: Owner, { name, sum }: Metric): SumPoint[] {
  if (sum?.aggregationTemporality !== DELTA || !sum.isMonotonic) {
    return refuse(`${path}.sum`, 'must be monotonic and of delta temporality');
  }
  return sum.dataPoints.map((point, i) => {
    const at = `${path}.sum.dataPoints[${i}]`;
    checkTimes(at, head, point);
    const value = point.asInt ?? point.asDouble ?? refuse(at, 'has no value');
    if (!Number.isFinite(value) || value < 0) refuse(at, `is ${value}, must be finite and not negative`);
    return { kind: 'sum', signal: name, owner, attributes: readAttributes(at, point.attributes), value };
  });
}

function readHistograms(path: string, head: Head, owner: Owner, metric: Metric): HistogramPoint[] {
  const histogram = metric.exponentialHistogram;
  if (histogram?.aggregationTemporality !== DELTA) {
    return refuse(`${path}.exponentialHistogram`, 'must be of delta temporality');
  }
  return histogram.dataPoints.map((point, i) => {
    const at = `${path}.exponentialHistogram.dataPoints[${i}]`;
    checkTimes(at, head, point);
    const sum = point.sum ?? refuse(`${at}.sum`, 'is missing');
    if (!Number.isFinite(sum) || sum < 0) refuse(`${at}.sum`, `is ${sum}, must be finite and not negative`);
    return {
      kind: 'exponential_histogram',
      signal: metric.name,
      owner,
      attributes: readAttributes(at, point.attributes),
      count: point.count,
      zeroCount: point.zeroCount,
      sum,
      ...readBuckets(at, point),
    };
  });
}

/** Dense buckets to sparse ones: in range, and adding up to the count. */
function readBuckets(
  path: string,
  point: HistogramDataPoint,
): Pick<HistogramPoint, 'bucketIndexes' | 'bucketCounts'> {
  if (point.scale !== SCALE) refuse(`${path}.scale`, `is ${point.scale}, must be ${SCALE}`);
  if (point.negative?.bucketCounts.some((count) => count > 0) === true) {
    refuse(`${path}.negative`, 'must be empty: durations are not negative');
  }
  const bucketIndexes: number[] = [];
  const bucketCounts: number[] = [];
  let total = point.zeroCount;
  const offset = point.positive?.offset ?? 0;
  for (const [i, count] of (point.positive?.bucketCounts ?? []).entries()) {
    if (count === 0) continue;
    const index = offset + i;
    if (index < MIN_INDEX || index > MAX_INDEX) {
      refuse(`${path}.positive`, `bucket ${index} is outside ${MIN_INDEX} to ${MAX_INDEX}`);
    }
    bucketIndexes.push(index);
    bucketCounts.push(count);
    total += count;
  }
  if (total !== point.count) refuse(`${path}.count`, `is ${point.count}, but the buckets hold ${total}`);
  return { bucketIndexes, bucketCounts };
}

function checkTimes(path: string, head: Head, point: NumberDataPoint | HistogramDataPoint): void {
  const start = nanoseconds(head.windowStartMs);
  const end = nanoseconds(head.windowEndMs);
  if (point.startTimeUnixNano !== start || point.timeUnixNano !== end) {
    refuse(
      path,
      `is of ${point.startTimeUnixNano.toString()} to ${point.timeUnixNano.toString()}, not of the window`,
    );
  }
}

/** The attributes of one point. */
export function readAttributes(path: string, pairs: readonly KeyValue[]): Record<string, string> {
  if (pairs.length === 0) return {};
  const attributes = new Attributes(path, pairs);
  if (attributes.size > MAX_POINT_ATTRIBUTES)
    refuse(path, `has more than ${MAX_POINT_ATTRIBUTES} attributes`);
  return attributes.record();
}
