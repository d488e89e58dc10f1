import {
  context,
  propagation,
  ROOT_CONTEXT,
  SpanKind as OtelKind,
  SpanStatusCode,
  trace,
  TraceFlags,
  type Context,
  type Link,
  type Span as OtelSpan,
  type SpanOptions as OtelOptions,
} from '@opentelemetry/api';
import { BellwetherError, messageOf } from '../runtime/errors.js';

/** What inner code may ask of a span; an OpenTelemetry span is assignable to it. */
export interface Span {
  setAttribute(key: string, value: string | number | boolean): unknown;
}

/** Headers of a message, as Kafka gives and takes them. */
export type TraceHeaders = Readonly<Record<string, string | Uint8Array>>;

export interface SpanOptions {
  /** OpenTelemetry's span kind; internal when not said. */
  readonly kind?: 'internal' | 'server' | 'client' | 'producer' | 'consumer';
  /** By OpenTelemetry's semantic conventions where there is one, else under `bellwether.`. */
  readonly attributes?: Readonly<Record<string, string | number | boolean>>;
  /** Headers that name the parent; without them it is the span around this one. */
  readonly parent?: TraceHeaders;
  /**
   * Headers of each message of a batch: links to their spans, at most `MAX_LINKS`. The first that is sampled is
   * the parent as well, so that one trace runs from a window to the insert.
   */
  readonly batch?: readonly TraceHeaders[];
}

/**
 * Runs `work` in a span; inner code takes this type and never sees OpenTelemetry. Options are only made when
 * spans are: they are given as a function.
 */
export type InSpan = <T>(
  name: string,
  work: (span: Span) => Promise<T>,
  options?: () => SpanOptions,
) => Promise<T>;

/** A span whose end comes from elsewhere than the end of a function. */
export interface OpenSpan extends Span {
  /** Runs `work` with this span around all that it begins. */
  run<T>(work: () => T): T;
  /** @param failure what kind of failure it was, if it was one */
  end(failure?: string): void;
}

/** Links of one span; how many more messages there were says the attribute `bellwether.links_left_out`. */
export const MAX_LINKS = 100;

const KINDS = {
  internal: OtelKind.INTERNAL,
  server: OtelKind.SERVER,
  client: OtelKind.CLIENT,
  producer: OtelKind.PRODUCER,
  consumer: OtelKind.CONSUMER,
} as const;

const NO_HEADERS: TraceHeaders = Object.freeze({});
const NO_SPAN: OpenSpan = Object.freeze({
  setAttribute: () => undefined,
  run: <T>(work: () => T) => work(),
  end: () => undefined,
});

let tracing = false;

/** Called when the SDK of this process has started and before it stops. */
export function turnTracing(to: 'on' | 'off'): void {
  tracing = to === 'on';
}

/** Whether spans are made, for whoever would have to prepare something for them. */
export function isTracing(): boolean {
  return tracing;
}

/** Spans of one process under one name; without an SDK nothing is made. */
export function spansOf(scope: string): InSpan {
  return (name, work, options) => {
    if (!tracing) return work(NO_SPAN);
    const { given, around } = prepare(options?.() ?? {});
    return trace.getTracer(scope).startActiveSpan(name, given, around, async (span: OtelSpan) => {
      try {
        return await work(span);
      } catch (error) {
        span.recordException(messageOf(error));
        span.setAttribute('error.type', errorType(error));
        span.setStatus({ code: SpanStatusCode.ERROR, message: messageOf(error) });
        throw error;
      } finally {
        span.end();
      }
    });
  };
}

/** Opens a span that the caller ends. */
export function openSpan(scope: string, name: string, options?: () => SpanOptions): OpenSpan {
  if (!tracing) return NO_SPAN;
  const { given, around } = prepare(options?.() ?? {});
  const span = trace.getTracer(scope).startSpan(name, given, around);
  const inside = trace.setSpan(around, span);
  return {
    setAttribute: (key, value) => span.setAttribute(key, value),
    run: (work) => context.with(inside, work),
    end: (failure) => {
      if (failure !== undefined) {
        span.setStatus({ code: SpanStatusCode.ERROR });
        span.setAttribute('error.type', failure);
      }
      span.end();
    },
  };
}

/** Headers (`traceparent`) that name the span around the caller; empty without one. */
export function traceHeaders(): TraceHeaders {
  if (!tracing) return NO_HEADERS;
  const headers: Record<string, string> = {};
  propagation.inject(context.active(), headers);
  return headers;
}

/** The messages with headers that name the span around the caller; headers of their own win. */
export function withTrace<M extends { readonly headers?: TraceHeaders }>(
  messages: readonly M[],
): readonly M[] {
  if (!tracing) return messages;
  const trace = traceHeaders();
  return messages.map((message) => ({ ...message, headers: { ...trace, ...message.headers } }));
}

function errorType(error: unknown): string {
  if (error instanceof BellwetherError) return error.code;
  return error instanceof Error ? error.name : '_OTHER';
}

function prepare({ kind = 'internal', attributes = {}, parent, batch = [] }: SpanOptions): {
  given: OtelOptions;
  around: Context;
} {
  const causes = batch.flatMap((headers) => causeOf(headers) ?? []);
  const links = causes.slice(0, MAX_LINKS);
  const leftOut = causes.length - links.length;
  const sampled = causes.find(({ context: { traceFlags } }) => (traceFlags & TraceFlags.SAMPLED) !== 0);
  const given: OtelOptions = {
    kind: KINDS[kind],
    attributes: leftOut === 0 ? { ...attributes } : { ...attributes, 'bellwether.links_left_out': leftOut },
    links,
  };
  if (parent !== undefined) return { given, around: contextOf(parent) };
  if (sampled === undefined) return { given, around: context.active() };
  return { given, around: trace.setSpanContext(ROOT_CONTEXT, sampled.context) };
}

function causeOf(headers: TraceHeaders): Link | undefined {
  const cause = trace.getSpanContext(contextOf(headers));
  return cause === undefined ? undefined : { context: cause };
}

function contextOf(headers: TraceHeaders): Context {
  return propagation.extract(ROOT_CONTEXT, headers, {
    keys: (carrier) => Object.keys(carrier),
    get: (carrier, key) => {
      const value = carrier[key];
      return value instanceof Uint8Array ? Buffer.from(value).toString('latin1') : value;
    },
  });
}
