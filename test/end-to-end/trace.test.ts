import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { createToken } from '../../common/auth/token-table.js';
import { EVENTS_TOPIC, PROGRESS_TOPIC, SIGNALS_TOPIC } from '../../schema/topics.js';
import { FrameParser } from '../../ingest/source/frame-parser.js';
import { Recorder } from '../../ingest/source/recording.js';
import * as frames from '../ingest/frames.js';
import { startPipeline, type Pipeline } from '../processors/writer/pipeline.js';
import {
  SpanKind,
  startOtlpEndpoint,
  type OtlpEndpoint,
  type ReceivedSpan,
} from '../support/otlp-endpoint.js';
import { untilReady } from '../support/part.js';
import { freePort } from '../support/ports.js';
import { until } from '../support/until.js';

const WINDOWS = 3;
const acme = frames.subject({ netnsCookie: 7n });

/** Three windows with a drop each; the first has a sampled one as well. */
async function record(path: string): Promise<void> {
  const windows = Array.from({ length: WINDOWS }, (_, nth) => [
    frames.window('begin', nth),
    frames.drops({ subject: acme, packets: 50 * (nth + 1) }),
    ...(nth === 0 ? [frames.dropEvent(acme)] : []),
    frames.window('end', nth),
  ]).flat();
  const all = [frames.hello(), ...frames.reasons(), frames.netns('/run/netns/acme', 7n), ...windows];
  const recorder = new Recorder(path, 1_000_000);
  for (const frame of new FrameParser().push(frames.concat(all))) {
    await recorder.write(frame, BigInt(frames.EPOCH_MS) * 1_000_000n);
  }
  await recorder.close();
}

describe('one trace from window to insert, from the real processes', () => {
  let pipeline: Pipeline;
  let endpoint: OtlpEndpoint;
  let directory: string;
  let variables: Record<string, string>;

  before(async () => {
    [pipeline, endpoint] = await Promise.all([startPipeline(), startOtlpEndpoint()]);
    directory = await mkdtemp(join(tmpdir(), 'bellwether-trace-'));
    await record(join(directory, 'windows.rec'));
    await writeFile(join(directory, 'owners.json'), '{"rules":[{"customer":"acme","netns":"acme"}]}');
    variables = { OTEL_EXPORTER_OTLP_ENDPOINT: endpoint.url, OTEL_BSP_SCHEDULE_DELAY: '200' };
    assert.equal(await pipeline.run('schema/main.js', 'schema').exited, 0);
    await runAll();
  });
  after(async () => {
    await pipeline.stop();
    await endpoint.stop();
    await rm(directory, { recursive: true });
  });

  /** Three windows through agent and writer, one request to the API; each part ends and so sends what it has. */
  async function runAll(): Promise<void> {
    const port = await freePort();
    const api = pipeline.run('query-api/main.js', 'api', { ...variables, BELLWETHER_API_PORT: String(port) });
    const writer = pipeline.run('processors/writer/main.js', 'writer', {
      ...variables,
      BELLWETHER_WRITER_PORT: '0',
    });
    const agent = pipeline.run('ingest/main.js', 'agent', {
      ...variables,
      BELLWETHER_REPLAY: join(directory, 'windows.rec'),
      BELLWETHER_REPLAY_MODE: 'once',
      BELLWETHER_OWNERS_DIR: directory,
      BELLWETHER_HOST_ID: 'host-1',
      BELLWETHER_AGENT_PORT: '0',
    });
    const { token } = await createToken(pipeline.client, { role: 'customer', customer: 'acme' });
    assert.equal(await agent.exited, 0, agent.output());
    const stored = async () => {
      const query = 'SELECT count() FROM bellwether.batches FINAL';
      const result = await pipeline.client.query({ query, format: 'TabSeparated' });
      return Number(await result.text()) === WINDOWS;
    };
    await until('all windows are stored', stored, 60_000);
    const url = `http://127.0.0.1:${port}`;
    await untilReady(api, `${url}/readyz`);
    const headers = { authorization: `Bearer ${token}` };
    const answer = await fetch(`${url}/v1/customers/acme/drops?from=now-5m`, { headers });
    assert.equal(answer.status, 200, await answer.text());
    const codes = await Promise.all([writer.end('SIGTERM'), api.end('SIGTERM')]);
    assert.deepEqual(codes, [0, 0], writer.output() + api.output());
  }

  const named = (name: string) => endpoint.spans.filter((span) => span.name === name);
  const childrenOf = (parent: ReceivedSpan) =>
    endpoint.spans.filter(
      ({ traceId, parentSpanId }) => traceId === parent.traceId && parentSpanId === parent.spanId,
    );
  const sends = () => [...named(`send ${SIGNALS_TOPIC}`), ...named(`send ${EVENTS_TOPIC}`)];

  it('sends traces alone, each span from the process that made it', () => {
    assert.deepEqual(endpoint.otherPaths, []);
    const services = new Set(endpoint.spans.map(({ service }) => service));
    assert.deepEqual([...services].sort(), ['bellwether-agent', 'bellwether-query-api', 'bellwether-writer']);
    for (const { startTimeUnixNano, endTimeUnixNano } of endpoint.spans) {
      assert.ok(endTimeUnixNano >= startTimeUnixNano);
    }
  });

  it('begins with a window and has a PRODUCER span for each message in it', () => {
    const windows = named('window');
    assert.equal(windows.length, WINDOWS);
    assert.equal(new Set(windows.map(({ traceId }) => traceId)).size, WINDOWS);
    assert.deepEqual(windows.map(({ attributes }) => attributes['bellwether.seq']).sort(), [0, 1, 2]);
    for (const window of windows) {
      assert.equal(window.parentSpanId ?? '', '');
      assert.equal(window.kind, SpanKind.INTERNAL);
      assert.equal(window.attributes['host.id'], 'host-1');
      const topics = childrenOf(window).map(({ attributes }) => attributes['messaging.destination.name']);
      const sampled = window.attributes['bellwether.events'] === 0 ? [] : [EVENTS_TOPIC];
      assert.deepEqual(topics.sort(), [...sampled, SIGNALS_TOPIC]);
    }
    assert.equal(sends().length, WINDOWS + 1);
    for (const { kind, attributes } of sends()) {
      assert.equal(kind, SpanKind.PRODUCER);
      assert.equal(attributes['messaging.system'], 'kafka');
      assert.equal(attributes['messaging.operation.type'], 'send');
      assert.equal(attributes['messaging.kafka.message.key'], 'host-1');
      assert.ok(Number(attributes['messaging.message.body.size']) > 100);
    }
  });

  it('goes on in one CONSUMER span a batch, which links to the span of each message', () => {
    const batches = named('process');
    const links = batches.flatMap((batch) => batch.links.map(({ spanId }) => spanId));
    assert.deepEqual(
      links.sort(),
      sends()
        .map(({ spanId }) => spanId)
        .sort(),
    );
    for (const batch of batches) {
      assert.equal(batch.kind, SpanKind.CONSUMER);
      const [first] = batch.links;
      assert.equal(batch.parentSpanId, first?.spanId);
      assert.equal(batch.traceId, first?.traceId);
      assert.equal(batch.attributes['messaging.system'], 'kafka');
      assert.equal(batch.attributes['messaging.operation.type'], 'process');
      assert.equal(batch.attributes['messaging.batch.message_count'], batch.links.length);
      assert.equal(batch.attributes['messaging.consumer.group.name'], 'bellwether-writer');
    }
  });

  it('ends with the inserts, what is announced, and the commit, in this order', () => {
    const withSignals = named('process').filter((batch) =>
      batch.links.some(({ spanId }) => named(`send ${SIGNALS_TOPIC}`).some((send) => send.spanId === spanId)),
    );
    assert.ok(withSignals.length > 0);
    for (const batch of withSignals) {
      const children = childrenOf(batch).sort((a, b) => Number(a.startTimeUnixNano - b.startTimeUnixNano));
      const steps = children.map(({ name }) => name).filter((name) => name !== 'INSERT events');
      const order = [
        'INSERT samples',
        'INSERT touches',
        'INSERT batches',
        `send ${PROGRESS_TOPIC}`,
        'commit',
      ];
      assert.deepEqual(steps, order);
      for (const { name, kind, attributes } of children) {
        if (!name.startsWith('INSERT ')) continue;
        assert.equal(kind, SpanKind.CLIENT);
        assert.equal(attributes['db.system.name'], 'clickhouse');
        assert.equal(attributes['db.namespace'], 'bellwether');
        assert.equal(attributes['db.operation.name'], 'INSERT');
        assert.equal(`INSERT ${attributes['db.collection.name']}`, name);
        assert.ok(Number(attributes['bellwether.rows']) > 0);
      }
    }
  });

  it('shows a request to the API with a child for each query, and no customer', () => {
    const [request] = named('GET /v1/customers/:customer/drops');
    assert.ok(request !== undefined, [...new Set(endpoint.spans.map(({ name }) => name))].join(', '));
    assert.equal(request.kind, SpanKind.SERVER);
    assert.equal(request.attributes['http.response.status_code'], 200);
    const queries = childrenOf(request);
    assert.ok(queries.length > 0);
    for (const { name, kind, attributes } of queries) {
      assert.equal(kind, SpanKind.CLIENT);
      assert.equal(attributes['db.system.name'], 'clickhouse');
      assert.equal(`SELECT ${attributes['db.query.summary']}`, name);
    }
    const ofApi = endpoint.spans.filter(({ service }) => service === 'bellwether-query-api');
    assert.doesNotMatch(JSON.stringify(ofApi.map(({ name, attributes }) => [name, attributes])), /acme/);
  });
});
