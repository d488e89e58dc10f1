import assert from 'node:assert/strict';
import { it } from 'node:test';
import { createTelemetry, spansOf, traceHeaders } from '../../../common/telemetry/telemetry.js';
import { startOtlpEndpoint } from '../../support/otlp-endpoint.js';

it('samples as the standard variables say, and passes the decision on', async () => {
  const endpoint = await startOtlpEndpoint();
  process.env['OTEL_EXPORTER_OTLP_ENDPOINT'] = endpoint.url;
  process.env['OTEL_TRACES_SAMPLER'] = 'parentbased_traceidratio';
  process.env['OTEL_TRACES_SAMPLER_ARG'] = '0';
  const telemetry = createTelemetry('test');
  await telemetry.start();
  const inSpan = spansOf('test');
  const flags = () => Promise.resolve(String(traceHeaders()['traceparent']).slice(-2));
  assert.equal(await inSpan('left out', flags), '00');
  const parent = { traceparent: `00-${'a'.repeat(32)}-${'b'.repeat(16)}-01` };
  assert.equal(await inSpan('of a sampled parent', flags, () => ({ parent })), '01');
  await telemetry.stop();
  assert.deepEqual(
    endpoint.spans.map(({ name }) => name),
    ['of a sampled parent'],
  );
  await endpoint.stop();
});
