import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import { once } from 'node:events';
import { it } from 'node:test';
import { createTelemetry, spansOf } from '../../../common/telemetry/telemetry.js';

it('sends a span to the OTLP/HTTP endpoint of the environment', async () => {
  const received: { path: string | undefined; body: string }[] = [];
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      received.push({ path: request.url, body: Buffer.concat(chunks).toString('latin1') });
      response.end('{}');
    });
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  assert(address !== null && typeof address === 'object');
  process.env['OTEL_EXPORTER_OTLP_ENDPOINT'] = `http://127.0.0.1:${address.port}`;
  try {
    const telemetry = createTelemetry('test');
    await telemetry.start();
    assert.equal(await spansOf('scope')('a-window', () => Promise.resolve(7)), 7);
    await assert.rejects(
      spansOf('scope')('a-failure', () => Promise.reject(new Error('broken on purpose'))),
      /broken on purpose/,
    );
    await telemetry.stop();
  } finally {
    delete process.env['OTEL_EXPORTER_OTLP_ENDPOINT'];
    server.close();
    server.closeAllConnections();
  }
  const traces = received.filter(({ path }) => path === '/v1/traces');
  assert(traces.some(({ body }) => body.includes('a-window') && body.includes('bellwether-test')));
  assert(traces.some(({ body }) => body.includes('broken on purpose')));
});

it('does nothing without an endpoint', async () => {
  const telemetry = createTelemetry('test', {});
  await telemetry.start();
  await telemetry.stop();
});
