import assert from 'node:assert/strict';
import { randomBytes, randomUUID } from 'node:crypto';
import { after, before, describe, it } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { z } from 'zod';
import { createOffsetReader } from '../../../common/kafka/partition-offsets.js';
import { createProducer, type OutgoingMessage, type Producer } from '../../../common/kafka/producer.js';
import { encodeEventBatch, encodeSignalBatch } from '../../../common/wire/otlp.js';
import { MIGRATIONS } from '../../../schema/migrations/index.js';
import { DEFAULT_RETENTION } from '../../../schema/migrations/migration.js';
import { deadLetterTopic, EVENTS_TOPIC, PROGRESS_TOPIC, SIGNALS_TOPIC } from '../../../schema/topics.js';
import { eventBatch, signalBatch, WINDOW_MS } from './batches.js';
import { readTopic } from './kafka-reading.js';
import type { Part } from '../../support/part.js';
import { freePort } from '../../support/ports.js';
import { until, untilDespiteErrors } from '../../support/until.js';
import { startPipeline, type Pipeline } from './pipeline.js';

const HOSTS = [1, 2, 3];
const WINDOWS = 20;
const POINTS = 6;
const MIB = 1024 * 1024;
const HOUR_MS = 3_600_000;

const totals = z.object({
  host: z.string(),
  rows: z.coerce.number(),
  value: z.number(),
  count: z.coerce.number(),
});
const counted = z.object({ n: z.coerce.number() });

describe('writer, with a real broker and the real store', () => {
  const run = randomUUID();
  const firstMs = Math.floor(Date.now() / WINDOW_MS) * WINDOW_MS - WINDOWS * WINDOW_MS;
  let pipeline: Pipeline;
  let producer: Producer;
  let metricsPort: number;

  before(async () => {
    pipeline = await startPipeline();
    metricsPort = await freePort();
    const { brokers } = pipeline.broker;
    producer = createProducer({
      brokers,
      clientId: 'test',
      log: pipeline.log,
      maxMessageBytes: 8 * MIB,
    });
  });
  after(async () => {
    await producer.stop();
    await pipeline.stop();
  });

  const startWriter = (name: string, port: number): Part =>
    pipeline.run('processors/writer/main.js', name, {
      BELLWETHER_WRITER_PORT: String(port),
      BELLWETHER_WRITER_FLUSH_MS: '200',
    });
  const ask = async <T>(query: string, row: z.ZodType<T>): Promise<T[]> => {
    const result = await pipeline.client.query({ query, format: 'JSONEachRow' });
    return z.array(row).parse(await result.json());
  };
  const count = async (table: string) => (await ask(`SELECT count() AS n FROM ${table}`, counted))[0]?.n ?? 0;
  const messagesOf = (window: number): OutgoingMessage[] =>
    HOSTS.map((host) => ({
      key: `host-${host}`,
      value: encodeSignalBatch(signalBatch(host, window, firstMs + window * WINDOW_MS, run)),
    }));
  const produceWindow = async (window: number) => {
    await producer.send(SIGNALS_TOPIC, messagesOf(window));
    const events = HOSTS.map((host) => ({
      key: `host-${host}`,
      value: encodeEventBatch(eventBatch(host, window, firstMs + window * WINDOW_MS, run)),
    }));
    await producer.send(EVENTS_TOPIC, events);
  };
  const lag = async () => {
    const { brokers } = pipeline.broker;
    const topics = [SIGNALS_TOPIC, EVENTS_TOPIC];
    const kafka = { brokers, clientId: 'test', log: pipeline.log };
    const reader = createOffsetReader({ ...kafka, groupId: 'bellwether-writer', topics });
    await reader.start();
    try {
      const offsets = await reader.read();
      return offsets.reduce((sum, at) => sum + at.high - (at.committed ?? at.low), 0);
    } finally {
      await reader.stop();
    }
  };

  it('refuses to start without its dead-letter topics', async () => {
    const writer = startWriter('writer-too-early', 0);
    await until('it gave up', () => writer.child.exitCode !== null, 15_000);
    assert.equal(writer.child.exitCode, 1);
    assert.match(writer.output(), /does not start without .*signals\.v1\.dlq/);
  });

  it('schema: makes topics and tables once', async () => {
    const statements = MIGRATIONS.flatMap((one) => one.statements({ database: 'x', ...DEFAULT_RETENTION }));
    for (const [attempt, applied] of [statements.length, 0].entries()) {
      const schema = pipeline.run('schema/main.js', `schema-${attempt}`);
      await until('it ended', () => schema.child.exitCode !== null, 30_000);
      assert.equal(schema.child.exitCode, 0, schema.output());
      assert.match(schema.output(), new RegExp(`"applied":${applied}\\D`));
    }
  });

  it('stores each point once although it is killed in the middle', async () => {
    const writer = startWriter('writer-1', metricsPort);
    const early = encodeSignalBatch(signalBatch(9, 0, firstMs - 49 * HOUR_MS - (firstMs % HOUR_MS), run));
    const late = encodeSignalBatch(signalBatch(9, 1, firstMs + HOUR_MS, run));
    for (let window = 0; window < WINDOWS; window += 1) {
      await produceWindow(window);
      if (window === 2) await producer.send(SIGNALS_TOPIC, [{ key: 'x', value: Buffer.from('no protobuf') }]);
      if (window === 5) await producer.send(EVENTS_TOPIC, [{ key: 'x', value: Buffer.alloc(40, 0xff) }]);
      if (window === 7) await producer.send(SIGNALS_TOPIC, [{ key: 'x', value: null }]);
      if (window === 12) await producer.send(SIGNALS_TOPIC, [{ key: 'x', value: early }]);
      if (window === 14) await producer.send(SIGNALS_TOPIC, [{ key: 'x', value: late }]);
      // The acknowledgement of this one is "lost": the agent sends it again.
      if (window === 9) await producer.send(SIGNALS_TOPIC, messagesOf(9));
      if (window === 10) {
        await untilDespiteErrors(
          'something was stored',
          async () => (await count('bellwether.samples')) > 0,
          20_000,
        );
        await writer.end('SIGKILL');
      }
    }
    assert.equal(writer.child.signalCode, 'SIGKILL');
    startWriter('writer-2', metricsPort);
    await untilDespiteErrors('all was read', async () => (await lag()) === 0, 30_000);
    await verify();
  });

  async function verify(): Promise<void> {
    const samples = await ask(
      `SELECT host, count() AS rows, sum(value) AS value, sum(count) AS count
       FROM bellwether.samples FINAL GROUP BY host ORDER BY host`,
      totals,
    );
    const expected = HOSTS.map((host) => {
      const points = Array.from({ length: WINDOWS }, (_, window) =>
        signalBatch(host, window, firstMs + window * WINDOW_MS, run),
      ).flatMap((batch) => batch.points);
      return {
        host: `host-${host}`,
        rows: WINDOWS * POINTS,
        value: points.reduce((sum, point) => sum + (point.kind === 'sum' ? point.value : 0), 0),
        count: points.reduce((sum, point) => sum + (point.kind === 'sum' ? 0 : point.count), 0),
      };
    });
    assert.deepEqual(samples, expected);
    assert.equal(await count('bellwether.batches FINAL'), HOSTS.length * WINDOWS);
    assert.equal(await count('bellwether.events FINAL'), HOSTS.length * WINDOWS * 2);
    const ledger = await ask(
      'SELECT sum(emitted_points - stored_points - rejected_points) AS n FROM bellwether.fleet',
      counted,
    );
    assert.deepEqual(ledger, [{ n: 0 }]);
  }

  it('keeps what it cannot read, with its bytes, its place and the reason', async () => {
    const { brokers } = pipeline.broker;
    const signals = await readTopic(brokers, deadLetterTopic(SIGNALS_TOPIC));
    const reasons = new Set(signals.map(({ headers }) => headers['bellwether.reason']));
    assert.deepEqual([...reasons].sort(), ['empty', 'too_new', 'too_old', 'unreadable']);
    const garbage = signals.find(({ headers }) => headers['bellwether.reason'] === 'unreadable');
    assert.equal(garbage?.value?.toString(), 'no protobuf');
    assert.equal(garbage.headers['bellwether.original.topic'], SIGNALS_TOPIC);
    assert.match(garbage.headers['bellwether.original.offset'] ?? '', /^\d+$/);
    assert.equal(garbage.key, 'x');
    const events = await readTopic(brokers, deadLetterTopic(EVENTS_TOPIC));
    assert.equal(events[0]?.headers['bellwether.reason'], 'unreadable');
  });

  it('says on progress.v1 which hosts and minutes were stored', async () => {
    const record = z.object({ minute: z.iso.datetime(), hosts: z.array(z.string()) });
    const messages = await readTopic(pipeline.broker.brokers, PROGRESS_TOPIC);
    const seen = new Set<string>();
    for (const { key, value } of messages) {
      const { minute, hosts } = record.parse(JSON.parse(value?.toString() ?? ''));
      assert.equal(key, minute);
      for (const host of hosts) seen.add(`${minute} ${host}`);
    }
    const expected = new Set<string>();
    for (let window = 0; window < WINDOWS; window += 1) {
      const minute = new Date(Math.floor((firstMs + window * WINDOW_MS) / 60_000) * 60_000).toISOString();
      for (const host of HOSTS) expected.add(`${minute} host-${host}`);
    }
    assert.deepEqual([...seen].sort(), [...expected].sort());
  });

  it('shares the partitions with a second writer, and stops in order without losing any', async () => {
    const before = await count('bellwether.batches FINAL');
    const second = startWriter('writer-3', 0);
    const again = randomUUID();
    const send = async (seq: number) => {
      const batches = HOSTS.map((host) => signalBatch(host, seq, firstMs + seq * WINDOW_MS, again));
      await producer.send(
        SIGNALS_TOPIC,
        batches.map((batch) => ({ key: batch.host.id, value: encodeSignalBatch(batch) })),
      );
    };
    for (let seq = 0; seq < 10; seq += 1) {
      await send(seq);
      await delay(150);
    }
    await until('it has joined', () => second.output().includes('joined the group'), 20_000);
    for (let seq = 10; seq < 15; seq += 1) await send(seq);
    assert.equal(await second.end('SIGTERM'), 0);
    for (let seq = 15; seq < WINDOWS; seq += 1) await send(seq);
    await untilDespiteErrors('all was read', async () => (await lag()) === 0, 30_000);
    assert.equal(await count('bellwether.batches FINAL'), before + HOSTS.length * WINDOWS);
  });

  it('waits while the store is away, says so, and goes on', async () => {
    const before = await count('bellwether.batches FINAL');
    const startAgain = await pipeline.killStore();
    const late = randomUUID();
    const ready = () => fetch(`http://127.0.0.1:${metricsPort}/readyz`);
    for (let seq = 0; seq < 5; seq += 1) {
      const batch = signalBatch(1, seq, firstMs + seq * WINDOW_MS, late);
      await producer.send(SIGNALS_TOPIC, [{ key: batch.host.id, value: encodeSignalBatch(batch) }]);
    }
    await untilDespiteErrors('it says so', async () => (await ready()).status === 503, 15_000);
    assert.match(await (await ready()).text(), /the store does not take rows: UNREACHABLE/);
    assert.ok((await lag()) > 0, 'nothing is committed that is not stored');
    await startAgain();
    await untilDespiteErrors('all was read', async () => (await lag()) === 0, 30_000);
    assert.equal(await count('bellwether.batches FINAL'), before + 5);
  });

  it('goes on after messages that are too large for the dead-letter topic, alone or together', async () => {
    // Unpacks to more than any topic takes; the others are more than 10 MiB together and do not pack.
    const { brokers } = pipeline.broker;
    const large = createProducer({ brokers, clientId: 'test', log: pipeline.log, maxMessageBytes: 16 * MIB });
    await large.send(SIGNALS_TOPIC, [{ key: 'large', value: Buffer.alloc(12 * MIB, 0xff) }]);
    for (let one = 0; one < 4; one += 1) {
      await large.send(SIGNALS_TOPIC, [{ key: 'random', value: randomBytes(3 * MIB) }]);
    }
    await large.stop();
    await untilDespiteErrors('all was read', async () => (await lag()) === 0, 30_000);
    const letters = await readTopic(brokers, deadLetterTopic(SIGNALS_TOPIC));
    const stub = letters.find(({ key }) => key === 'large');
    assert.equal(stub?.value?.byteLength, 0);
    assert.equal(stub.headers['bellwether.original.bytes'], String(12 * MIB));
    const whole = letters.filter(({ key }) => key === 'random').map(({ value }) => value?.byteLength);
    assert.deepEqual(
      whole,
      Array.from({ length: 4 }, () => 3 * MIB),
    );
  });

  it('counts it', async () => {
    const metrics = await (await fetch(`http://127.0.0.1:${metricsPort}/metrics`)).text();
    assert.match(metrics, /^bellwether_writer_points_total [1-9]/m);
    assert.match(metrics, /^bellwether_writer_record_delay_seconds_count [1-9]/m);
    assert.match(metrics, /^bellwether_writer_window_delay_seconds_count [1-9]/m);
    assert.match(metrics, /^bellwether_writer_lag_messages\{topic="signals.v1",partition="0"\} \d/m);
    assert.match(metrics, /^bellwether_writer_dead_letters_total\{topic="signals.v1",reason="too_new"\} 1/m);
    assert.equal((await fetch(`http://127.0.0.1:${metricsPort}/readyz`)).status, 200);
  });
});
