/** Tags (field number and wire type in a byte) of the OTLP fields that agents write; see otlp-schema.ts. */
const VARINT = 0;
const FIXED64 = 1;
const BYTES = 2;
const tag = (field: number, wireType: number): number => (field << 3) | wireType;

export const RESOURCE_METRICS = tag(1, BYTES);

/** ResourceMetrics */
export const RESOURCE = tag(1, BYTES);
export const SCOPE_METRICS = tag(2, BYTES);

/** ScopeMetrics */
export const SCOPE = tag(1, BYTES);
export const METRIC = tag(2, BYTES);

/** Metric */
export const NAME = tag(1, BYTES);
export const UNIT = tag(3, BYTES);
export const SUM = tag(7, BYTES);
export const EXPONENTIAL_HISTOGRAM = tag(10, BYTES);

/** Sum, ExponentialHistogram */
export const DATA_POINT = tag(1, BYTES);
export const TEMPORALITY = tag(2, VARINT);
export const IS_MONOTONIC = tag(3, VARINT);

/** NumberDataPoint, ExponentialHistogramDataPoint */
export const START_TIME = tag(2, FIXED64);
export const TIME = tag(3, FIXED64);

/** NumberDataPoint */
export const AS_DOUBLE = tag(4, FIXED64);
export const AS_INT = tag(6, FIXED64);
export const SUM_ATTRIBUTE = tag(7, BYTES);

/** ExponentialHistogramDataPoint */
export const HISTOGRAM_ATTRIBUTE = tag(1, BYTES);
export const COUNT = tag(4, FIXED64);
export const SUM_OF_VALUES = tag(5, FIXED64);
export const SCALE_OF_BUCKETS = tag(6, VARINT);
export const ZERO_COUNT = tag(7, FIXED64);
export const POSITIVE = tag(8, BYTES);

/** Buckets */
export const OFFSET = tag(1, VARINT);
export const BUCKET_COUNTS = tag(2, BYTES);
