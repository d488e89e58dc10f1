/**
 * The only importer of OpenTelemetry. A process that gets OTEL_EXPORTER_OTLP_ENDPOINT sends its
 * traces there by OTLP/HTTP; one that does not pays nothing.
 */
import { trace, type Span as OtelSpan } from '@opentelemetry/api';
import type { NodeSDK } from '@opentelemetry/sdk-node';
import type { Component } from '../runtime/component.js';
import { messageOf } from '../runtime/errors.js';

/** What inner code may ask of a span; an OpenTelemetry span is assignable to it. */
export interface Span {
  setAttribute(key: string, value: string | number | boolean): unknown;
}

/** Runs `work` in a span; inner code takes this type and never sees OpenTelemetry. */
export type InSpan = <T>(name: string, work: (span: Span) => Promise<T>) => Promise<T>;

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
      });
      sdk.start();
    },
    async stop() {
      await sdk?.shutdown();
    },
  };
}

/** Spans of one process under one name; without an SDK they are no-ops. */
export function spansOf(scope: string): InSpan {
  const tracer = trace.getTracer(scope);
  return (name, work) =>
    tracer.startActiveSpan(name, async (span: OtelSpan) => {
      try {
        return await work(span);
      } catch (error) {
        span.recordException(messageOf(error));
        throw error;
      } finally {
        span.end();
      }
    });
}
