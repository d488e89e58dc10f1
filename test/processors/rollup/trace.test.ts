import assert from 'node:assert/strict';
import { it } from 'node:test';
import { pino } from 'pino';
import { systemClock } from '../../../common/runtime/clock.js';
import { createTelemetry, type TraceHeaders } from '../../../common/telemetry/telemetry.js';
import { LENGTH_MS } from '../../../processors/rollup/buckets.js';
import { Maker } from '../../../processors/rollup/maker.js';
import { RollupMetrics } from '../../../processors/rollup/metrics.js';
import { GAPS_MS, Schedule } from '../../../processors/rollup/schedule.js';
import { SpanKind, startOtlpEndpoint } from '../../support/otlp-endpoint.js';

it('a recompute is one span that links to the records that asked for it', async () => {
  const endpoint = await startOtlpEndpoint();
  process.env['OTEL_EXPORTER_OTLP_ENDPOINT'] = endpoint.url;
  const telemetry = createTelemetry('rollup');
  await telemetry.start();
  const nowMs = Date.now();
  const startMs = Math.floor(nowMs / LENGTH_MS.minute) * LENGTH_MS.minute - LENGTH_MS.minute;
  const schedule = new Schedule<TraceHeaders>({ delayMs: 0, gapsMs: GAPS_MS });
  const maker = new Maker<TraceHeaders>({
    store: {
      minutes: () => Promise.resolve([{ startMs, written: 2, sealed: 0 }]),
      hours: () => Promise.resolve([]),
      days: () => Promise.resolve([]),
      recompute: () => Promise.resolve(),
      seal: () => Promise.resolve(),
    },
    schedule,
    metrics: new RollupMetrics(),
    log: pino({ level: 'silent' }),
    clock: systemClock,
    rawRetentionMs: LENGTH_MS.hour,
    onDone: () => undefined,
    headersOf: (headers) => headers,
  });
  for (const digit of ['a', 'b']) {
    const traceparent = `00-${digit.repeat(32)}-${digit.repeat(16)}-01`;
    schedule.touch({ resolution: 'minute', startMs }, { traceparent });
  }
  await maker.make(schedule.take(nowMs + LENGTH_MS.minute, 10));
  await telemetry.stop();
  await endpoint.stop();

  const [span, ...more] = endpoint.spans;
  assert.ok(span !== undefined && more.length === 0);
  assert.deepEqual([span.name, span.kind], ['recompute minute', SpanKind.CONSUMER]);
  assert.deepEqual(
    span.links.map(({ spanId }) => spanId),
    ['a'.repeat(16), 'b'.repeat(16)],
  );
  assert.deepEqual([span.traceId, span.parentSpanId], ['a'.repeat(32), 'a'.repeat(16)]);
  assert.equal(span.attributes['messaging.destination.name'], 'progress.v1');
  assert.equal(span.attributes['bellwether.buckets'], 1);
});
