import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, it } from 'node:test';
import {
  createTelemetry,
  MAX_LINKS,
  openSpan,
  spansOf,
  traceHeaders,
  withTrace,
  type TraceHeaders,
} from '../../../common/telemetry/telemetry.js';
import { startOtlpEndpoint, type OtlpEndpoint } from '../../support/otlp-endpoint.js';

const inSpan = spansOf('test');
const traceparent = (nth: number, sampled = true) => ({
  traceparent: `00-${nth.toString(16).padStart(32, '0')}-${nth.toString(16).padStart(16, '0')}-0${sampled ? 1 : 0}`,
});

describe('with an OTLP/HTTP endpoint in the environment', () => {
  let endpoint: OtlpEndpoint;

  beforeEach(async () => {
    endpoint = await startOtlpEndpoint();
    process.env['OTEL_EXPORTER_OTLP_ENDPOINT'] = endpoint.url;
  });
  afterEach(async () => {
    delete process.env['OTEL_EXPORTER_OTLP_ENDPOINT'];
    await endpoint.stop();
  });

  // The API keeps the first SDK of a process: all that is to be seen is made between one start and one stop.
  it('sends spans: nested, failed, over a batch, carried by headers, ended elsewhere', async () => {
    const telemetry = createTelemetry('test');
    await telemetry.start();
    let sent: TraceHeaders | undefined;
    const work = () => {
      sent = withTrace([{ headers: { own: 'x' } }])[0]?.headers;
      return Promise.resolve(7);
    };
    const nested = () => inSpan('inner', work, () => ({ kind: 'producer', attributes: { a: 1 } }));
    assert.equal(await inSpan('outer', nested), 7);
    await inSpan(
      'elsewhere',
      () => Promise.resolve(),
      () => ({ parent: sent ?? {} }),
    );
    await assert.rejects(
      inSpan('failing', () => Promise.reject(new Error('broken on purpose'))),
      /broken on purpose/,
    );
    const batch = [
      {},
      traceparent(1, false),
      ...Array.from({ length: MAX_LINKS }, (_, nth) => ({
        traceparent: Buffer.from(traceparent(nth + 2).traceparent),
      })),
    ];
    await inSpan(
      'batch',
      () => Promise.resolve(),
      () => ({ kind: 'consumer', batch }),
    );
    const open = openSpan('test', 'open', () => ({ kind: 'server' }));
    open.run(() => assert.match(String(traceHeaders()['traceparent']), /^00-[0-9a-f]{32}-[0-9a-f]{16}-01$/));
    open.end('503');
    await telemetry.stop();

    const [outer, inner, elsewhere, failing, over, server] = [
      ...['outer', 'inner', 'elsewhere', 'failing', 'batch', 'open'],
    ].map((name) => endpoint.spans.find((span) => span.name === name));
    assert.deepEqual(endpoint.otherPaths, []);
    assert.equal(
      endpoint.spans.every(({ service }) => service === 'bellwether-test'),
      true,
    );
    assert.deepEqual([inner?.parentSpanId, inner?.kind, inner?.attributes['a']], [outer?.spanId, 4, 1]);
    assert.equal(sent?.['own'], 'x');
    assert.deepEqual([elsewhere?.traceId, elsewhere?.parentSpanId], [outer?.traceId, inner?.spanId]);
    assert.deepEqual([failing?.status.code, failing?.attributes['error.type']], [2, 'Error']);
    assert.equal(over?.links.length, MAX_LINKS);
    assert.equal(over.attributes['bellwether.links_left_out'], 1);
    assert.equal(over.parentSpanId, '0000000000000002', 'the first that is sampled');
    assert.deepEqual([server?.status.code, server?.attributes['error.type']], [2, '503']);
  });
});

describe('without an endpoint', () => {
  it('makes nothing: neither options nor headers nor messages', async () => {
    const telemetry = createTelemetry('test', {});
    await telemetry.start();
    const never = () => assert.fail('options were made');
    assert.equal(await inSpan('a', () => Promise.resolve(3), never), 3);
    openSpan('test', 'b', never).end();
    const messages = [{ headers: {} }];
    assert.equal(withTrace(messages), messages);
    assert.deepEqual(traceHeaders(), {});
    await telemetry.stop();
  });
});
