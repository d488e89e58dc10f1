/**
 * OTLP on the topics: `signals.v1` carries `ExportMetricsServiceRequest` (one host × one window a message),
 * `events.v1` `ExportLogsServiceRequest`. Decoding checks everything, so what it returns is sound.
 */
export { decodeSignalBatch, encodeSignalBatch } from './otlp-metrics.js';
export { decodeEventBatch, encodeEventBatch } from './otlp-logs.js';
