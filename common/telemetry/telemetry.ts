/**
 * The only importer of OpenTelemetry. A process that gets OTEL_EXPORTER_OTLP_ENDPOINT sends its
 * traces there by OTLP/HTTP; one that does not pays nothing.
 */
import { trace, type Span as OtelSpan } from '@opentelemetry/api';
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-http';
import { NodeSDK } from '@opentelemetry/sdk-node';
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
  const sdk = new NodeSDK({
    serviceName: `bellwether-${service}`,
    traceExporter: new OTLPTraceExporter(),
    // Instrumentation is by hand: a span a batch says more than a span a socket.
    instrumentations: [],
  });
  return {
    start: () => {
      sdk.start();
      return Promise.resolve();
    },
    stop: () => sdk.shutdown(),
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
