import {
  bool,
  double,
  fixed64,
  maybe,
  message,
  one,
  packed,
  sint32,
  string,
  uint32,
  type FieldType,
  type TypeOf,
} from '../protobuf.js';
import { bounded, bytes, fixed64Rounded, int64Exact, sfixed64Exact, uint64Rounded } from './scalars.js';

/**
 * OTLP metrics as others send them, with OTLP's field numbers (opentelemetry-proto v1). Apart from
 * `otlp-schema.ts`, which has only what our agents write and is on the fast path: here stands every kind of
 * point and value, with exact integers. What is not listed (descriptions, exemplars, min and max) is skipped.
 */

/** AGGREGATION_TEMPORALITY_…; 0 is unspecified. */
export const DELTA = 1;
export const CUMULATIVE = 2;
/** DATA_POINT_FLAGS_NO_RECORDED_VALUE_MASK. */
export const NO_RECORDED_VALUE = 1;

export interface AnyValue {
  stringValue: string | undefined;
  boolValue: boolean | undefined;
  intValue: bigint | undefined;
  doubleValue: number | undefined;
  arrayValue: { values: AnyValue[] } | undefined;
  kvlistValue: { values: KeyValue[] } | undefined;
  bytesValue: Uint8Array | undefined;
}
/** A string as a value. */
export function textValueOf(stringValue: string): AnyValue {
  return {
    stringValue,
    boolValue: undefined,
    intValue: undefined,
    doubleValue: undefined,
    arrayValue: undefined,
    kvlistValue: undefined,
    bytesValue: undefined,
  };
}

export interface KeyValue {
  key: string;
  value: AnyValue | undefined;
}

// AnyValue holds itself by two ways; the knot is tied through functions.
const anyValue: FieldType<AnyValue> = {
  wireType: 2,
  read: (reader, depth) => anyValueMessage.read(reader, depth),
  write: (writer, value) => anyValueMessage.write(writer, value),
};
const keyValue = message({ key: one(1, string), value: maybe(2, anyValue) });
const anyValueMessage = message({
  stringValue: maybe(1, string),
  boolValue: maybe(2, bool),
  intValue: maybe(3, int64Exact),
  doubleValue: maybe(4, double),
  arrayValue: maybe(5, message({ values: bounded(1, anyValue) })),
  kvlistValue: maybe(6, message({ values: bounded(1, keyValue) })),
  bytesValue: maybe(7, bytes),
});

const resource = message({ attributes: bounded(1, keyValue) });
const scope = message({ name: one(1, string), version: one(2, string) });

const numberDataPoint = message({
  startTimeUnixNano: one(2, fixed64),
  timeUnixNano: one(3, fixed64),
  asDouble: maybe(4, double),
  asInt: maybe(6, sfixed64Exact),
  attributes: bounded(7, keyValue),
  flags: one(8, uint32),
});
const gauge = message({ dataPoints: bounded(1, numberDataPoint) });
const sum = message({
  dataPoints: bounded(1, numberDataPoint),
  aggregationTemporality: one(2, uint32),
  isMonotonic: one(3, bool),
});

const histogramDataPoint = message({
  startTimeUnixNano: one(2, fixed64),
  timeUnixNano: one(3, fixed64),
  count: one(4, fixed64Rounded),
  sum: maybe(5, double),
  bucketCounts: packed(6, fixed64Rounded),
  explicitBounds: packed(7, double),
  attributes: bounded(9, keyValue),
  flags: one(10, uint32),
});
const histogram = message({
  dataPoints: bounded(1, histogramDataPoint),
  aggregationTemporality: one(2, uint32),
});

const buckets = message({ offset: one(1, sint32), bucketCounts: packed(2, uint64Rounded) });
const exponentialHistogramDataPoint = message({
  attributes: bounded(1, keyValue),
  startTimeUnixNano: one(2, fixed64),
  timeUnixNano: one(3, fixed64),
  count: one(4, fixed64Rounded),
  sum: maybe(5, double),
  scale: one(6, sint32),
  zeroCount: one(7, fixed64Rounded),
  positive: maybe(8, buckets),
  negative: maybe(9, buckets),
  flags: one(10, uint32),
});
const exponentialHistogram = message({
  dataPoints: bounded(1, exponentialHistogramDataPoint),
  aggregationTemporality: one(2, uint32),
});

/** Its points are only counted: none is taken. */
const summary = message({ dataPoints: bounded(1, message({})) });

const metric = message({
  name: one(1, string),
  unit: one(3, string),
  gauge: maybe(5, gauge),
  sum: maybe(7, sum),
  histogram: maybe(9, histogram),
  exponentialHistogram: maybe(10, exponentialHistogram),
  summary: maybe(11, summary),
});
const scopeMetrics = message({ scope: maybe(1, scope), metrics: bounded(2, metric) });
const resourceMetrics = message({ resource: maybe(1, resource), scopeMetrics: bounded(2, scopeMetrics) });
export const foreignRequest = message({ resourceMetrics: bounded(1, resourceMetrics) });

export type ForeignRequest = TypeOf<typeof foreignRequest>;
export type ForeignResource = TypeOf<typeof resource>;
export type ForeignMetric = TypeOf<typeof metric>;
export type ForeignNumber = TypeOf<typeof numberDataPoint>;
export type ForeignHistogram = TypeOf<typeof histogramDataPoint>;
export type ForeignExponential = TypeOf<typeof exponentialHistogramDataPoint>;
