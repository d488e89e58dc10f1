import assert from 'node:assert/strict';
import { createRequire } from 'node:module';
import { describe, test } from 'node:test';
import { z } from 'zod';
import { exportLogsServiceRequest, exportMetricsServiceRequest } from '../../../common/wire/otlp-schema.js';
import { decode } from '../../../common/wire/protobuf.js';

/**
 * OpenTelemetry's own serializer writes, our schema reads: so our field numbers are OTLP's. (Our reading and
 * our writing follow from one table, so this holds for what we write as well.)
 */
const serializer = z.object({
  serializeRequest: z.custom<(what: unknown) => Uint8Array>((value) => typeof value === 'function'),
});
const transformer = z.object({ ProtobufMetricsSerializer: serializer, ProtobufLogsSerializer: serializer });

function loadTransformer() {
  // It comes with the trace exporter, which is what we depend on.
  const exporter = createRequire(import.meta.url).resolve('@opentelemetry/exporter-trace-otlp-http');
  const loaded: unknown = createRequire(exporter)('@opentelemetry/otlp-transformer');
  return transformer.parse(loaded);
}

const START = [1_700_000_000, 5];
const END = [1_700_000_005, 999_999_999];
const resource = {
  attributes: { 'host.id': 'h1', seq: 7, goodbye: true, ratio: 0.5, customers: ['acme', 'globex'] },
};
const scope = { name: 'their.scope', version: '1.2' };
/** Of the SDK's enums. */
const DELTA = 0;
const EXPONENTIAL_HISTOGRAM = 1;
const SUM = 3;
const INT = 0;
const DOUBLE = 1;

function metric(name: string, valueType: number, dataPointType: number, value: unknown) {
  return {
    descriptor: { name, unit: 's', description: 'of theirs', valueType },
    aggregationTemporality: DELTA,
    dataPointType,
    isMonotonic: true,
    dataPoints: [{ attributes: { 'drop.reason': 'NO_SOCKET' }, startTime: START, endTime: END, value }],
  };
}

describe("what OpenTelemetry's own serializer writes", () => {
  test('metrics: resource, scope, sums and exponential histograms', () => {
    const bytes = loadTransformer().ProtobufMetricsSerializer.serializeRequest({
      resource,
      scopeMetrics: [
        {
          scope,
          metrics: [
            metric('whole', INT, SUM, 50),
            metric('real', DOUBLE, SUM, 0.25),
            metric('rtt', DOUBLE, EXPONENTIAL_HISTOGRAM, {
              count: 6,
              sum: 0.5,
              min: 0.01,
              max: 0.2,
              scale: 3,
              zeroCount: 1,
              positive: { offset: -50, bucketCounts: [2, 0, 3] },
              negative: { offset: 0, bucketCounts: [] },
            }),
          ],
        },
      ],
    });
    const [theirs] = decode(exportMetricsServiceRequest, bytes).resourceMetrics;
    const values = new Map(theirs!.resource!.attributes.map(({ key, value }) => [key, value]));
    assert.equal(values.get('host.id')?.stringValue, 'h1');
    assert.equal(values.get('seq')?.intValue, 7);
    assert.equal(values.get('goodbye')?.boolValue, true);
    assert.equal(values.get('ratio')?.doubleValue, 0.5);
    assert.deepEqual(
      values.get('customers')?.arrayValue?.values.map(({ stringValue }) => stringValue),
      ['acme', 'globex'],
    );
    assert.deepEqual(theirs!.scopeMetrics[0]!.scope, scope);

    const [whole, real, rtt] = theirs!.scopeMetrics[0]!.metrics;
    assert.deepEqual([whole!.name, whole!.unit], ['whole', 's']);
    assert.deepEqual([whole!.sum?.aggregationTemporality, whole!.sum?.isMonotonic], [1, true]);
    const point = whole!.sum!.dataPoints[0]!;
    assert.equal(point.asInt, 50);
    assert.equal(point.startTimeUnixNano, 1_700_000_000_000_000_005n);
    assert.equal(point.timeUnixNano, 1_700_000_005_999_999_999n);
    assert.deepEqual(
      [point.attributes[0]?.key, point.attributes[0]?.value?.stringValue],
      ['drop.reason', 'NO_SOCKET'],
    );
    assert.equal(real!.sum!.dataPoints[0]!.asDouble, 0.25);

    const histogram = rtt!.exponentialHistogram!.dataPoints[0]!;
    assert.deepEqual(
      [histogram.count, histogram.sum, histogram.scale, histogram.zeroCount, histogram.positive],
      [6, 0.5, 3, 1, { offset: -50, bucketCounts: [2, 0, 3] }],
    );
    assert.equal(histogram.timeUnixNano, 1_700_000_005_999_999_999n);
    assert.equal(histogram.attributes[0]?.key, 'drop.reason');
  });

  test('logs: times, severity, body, attributes, event name', () => {
    const record = {
      resource,
      instrumentationScope: scope,
      hrTime: START,
      hrTimeObserved: END,
      severityNumber: 9,
      body: 'packet dropped',
      eventName: 'drop',
      attributes: { 'source.port': 9 },
      droppedAttributesCount: 0,
    };
    const [theirs] = decode(
      exportLogsServiceRequest,
      loadTransformer().ProtobufLogsSerializer.serializeRequest([record]),
    ).resourceLogs;
    const log = theirs!.scopeLogs[0]!.logRecords[0]!;
    assert.deepEqual(
      [log.timeUnixNano, log.observedTimeUnixNano, log.severityNumber, log.body?.stringValue, log.eventName],
      [1_700_000_000_000_000_005n, 1_700_000_005_999_999_999n, 9, 'packet dropped', 'drop'],
    );
    assert.deepEqual([log.attributes[0]?.key, log.attributes[0]?.value?.intValue], ['source.port', 9]);
  });
});
