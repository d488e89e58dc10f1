/**
 * The only importer of OpenTelemetry, with spans.ts. A process that gets OTEL_EXPORTER_OTLP_ENDPOINT sends its
 * traces there by OTLP/HTTP; one that does not pays nothing. Sampling is as the standard variables say
 * (OTEL_TRACES_SAMPLER, OTEL_TRACES_SAMPLER_ARG).
 */
import type { NodeSDK } from '@opentelemetry/sdk-node';
import type { Component } from '../runtime/component.js';
import { turnTracing } from './spans.js';

export * from './conventions.js';
export * from './spans.js';

/** The SDK of one process as a component: first to start, last to stop, so that it sees all the rest. */
export function createTelemetry(service: string, environment: NodeJS.ProcessEnv = process.env): Component {
  if ((environment['OTEL_EXPORTER_OTLP_ENDPOINT'] ?? '') === '') {
    return { start: () => Promise.resolve(), stop: () => Promise.resolve() };
  }
  let sdk: NodeSDK | undefined;
  return {
    async start() {
      // Loaded only by a process that uses it: that takes more than a second of CPU.
      const [sdkNode, exporter] = await Promise.all([
        import('@opentelemetry/sdk-node'),
        import('@opentelemetry/exporter-trace-otlp-http'),
      ]);
      sdk = new sdkNode.NodeSDK({
        serviceName: `bellwether-${service}`,
        traceExporter: new exporter.OTLPTraceExporter(),
        // Instrumentation is by hand: a span a batch says more than a span a socket.
        instrumentations: [],
        // Metrics are scraped from /metrics and logs are on stdout; without these two the SDK would send both.
        metricReaders: [],
        logRecordProcessors: [],
      });
      sdk.start();
      turnTracing('on');
    },
    async stop() {
      turnTracing('off');
      await sdk?.shutdown();
    },
  };
}
