import {
  bool,
  double,
  fixed64,
  fixed64Count,
  int64,
  many,
  maybe,
  message,
  one,
  packed,
  sfixed64,
  sint32,
  string,
  uint32,
  uint64,
  type FieldType,
  type TypeOf,
} from './protobuf.js';

/**
 * The part of OTLP that we write and read, with OTLP's field numbers (opentelemetry-proto v1:
 * common, resource, metrics, logs and their collector services). What is not listed is skipped.
 */

/** AGGREGATION_TEMPORALITY_DELTA. */
export const DELTA = 1;
/** SEVERITY_NUMBER_INFO. */
export const SEVERITY_INFO = 9;

export interface AnyValue {
  stringValue: string | undefined;
  boolValue: boolean | undefined;
  intValue: number | undefined;
  doubleValue: number | undefined;
  arrayValue: { values: AnyValue[] } | undefined;
}

// AnyValue and ArrayValue hold each other, so one end of the knot is tied through a function.
const anyValue: FieldType<AnyValue> = {
  wireType: 2,
  read: (reader, depth) => anyValueMessage.read(reader, depth),
  write: (writer, value) => anyValueMessage.write(writer, value),
};
const arrayValue = message({ values: many(1, anyValue) });
const anyValueMessage = message({
  stringValue: maybe(1, string),
  boolValue: maybe(2, bool),
  intValue: maybe(3, int64),
  doubleValue: maybe(4, double),
  arrayValue: maybe(5, arrayValue),
});

const keyValue = message({ key: one(1, string), value: maybe(2, anyValue) });
export const resource = message({ attributes: many(1, keyValue) });
export const scope = message({ name: one(1, string), version: one(2, string) });

export const numberDataPoint = message({
  startTimeUnixNano: one(2, fixed64),
  timeUnixNano: one(3, fixed64),
  asDouble: maybe(4, double),
  asInt: maybe(6, sfixed64),
  attributes: many(7, keyValue),
});
const sum = message({
  dataPoints: many(1, numberDataPoint),
  aggregationTemporality: one(2, uint32),
  isMonotonic: one(3, bool),
});

const buckets = message({ offset: one(1, sint32), bucketCounts: packed(2, uint64) });
export const exponentialHistogramDataPoint = message({
  attributes: many(1, keyValue),
  startTimeUnixNano: one(2, fixed64),
  timeUnixNano: one(3, fixed64),
  count: one(4, fixed64Count),
  sum: maybe(5, double),
  scale: one(6, sint32),
  zeroCount: one(7, fixed64Count),
  positive: maybe(8, buckets),
  negative: maybe(9, buckets),
});
const exponentialHistogram = message({
  dataPoints: many(1, exponentialHistogramDataPoint),
  aggregationTemporality: one(2, uint32),
});

export const metric = message({
  name: one(1, string),
  unit: one(3, string),
  sum: maybe(7, sum),
  exponentialHistogram: maybe(10, exponentialHistogram),
});
const scopeMetrics = message({ scope: maybe(1, scope), metrics: many(2, metric) });
const resourceMetrics = message({ resource: maybe(1, resource), scopeMetrics: many(2, scopeMetrics) });
export const exportMetricsServiceRequest = message({ resourceMetrics: many(1, resourceMetrics) });

const logRecord = message({
  timeUnixNano: one(1, fixed64),
  severityNumber: one(2, uint32),
  body: maybe(5, anyValue),
  attributes: many(6, keyValue),
  observedTimeUnixNano: one(11, fixed64),
  eventName: one(12, string),
});
const scopeLogs = message({ scope: maybe(1, scope), logRecords: many(2, logRecord) });
const resourceLogs = message({ resource: maybe(1, resource), scopeLogs: many(2, scopeLogs) });
export const exportLogsServiceRequest = message({ resourceLogs: many(1, resourceLogs) });

export type KeyValue = TypeOf<typeof keyValue>;
export type Resource = TypeOf<typeof resource>;
export type NumberDataPoint = TypeOf<typeof numberDataPoint>;
export type HistogramDataPoint = TypeOf<typeof exponentialHistogramDataPoint>;
export type Metric = TypeOf<typeof metric>;
export type ResourceMetrics = TypeOf<typeof resourceMetrics>;
export type LogRecord = TypeOf<typeof logRecord>;
export type ResourceLogs = TypeOf<typeof resourceLogs>;
