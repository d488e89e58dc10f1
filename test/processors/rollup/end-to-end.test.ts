import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, before, describe, it } from 'node:test';
import { z } from 'zod';
import { createProducer, type Producer } from '../../../common/kafka/producer.js';
import { encodeSignalBatch } from '../../../common/wire/otlp.js';
import { SIGNALS_TOPIC } from '../../../schema/topics.js';
import type { Part } from '../../support/part.js';
import { freePort } from '../../support/ports.js';
import { allRead, standing } from '../../support/rollup-state.js';
import { until, untilDespiteErrors } from '../../support/until.js';
import { signalBatch, WINDOW_MS } from '../writer/batches.js';
import { startPipeline, type Pipeline } from '../writer/pipeline.js';

const MIB = 1024 * 1024;
const MINUTE_MS = 60_000;
const HOUR_MS = 3_600_000;
const WINDOWS = 24;

const row = z.object({ host: z.string(), value: z.number(), count: z.coerce.number() });
const counted = z.object({ n: z.coerce.number() });

describe('rollup, with a real broker, the real store and a writer', () => {
  const run = randomUUID();
  // The last two minutes of an hour that is over, so that the hour can stand.
  const hourMs = Math.floor(Date.now() / HOUR_MS) * HOUR_MS - HOUR_MS;
  const firstMs = hourMs + HOUR_MS - WINDOWS * WINDOW_MS;
  let pipeline: Pipeline;
  let producer: Producer;
  let port: number;
  let first: Part;

  before(async () => {
    pipeline = await startPipeline();
    port = await freePort();
    const schema = pipeline.run('schema/main.js', 'schema');
    await until('it ended', () => schema.child.exitCode !== null, 30_000);
    assert.equal(schema.child.exitCode, 0, schema.output());
    const { brokers } = pipeline.broker;
    producer = createProducer({ brokers, clientId: 'test', log: pipeline.log, maxMessageBytes: 8 * MIB });
    pipeline.run('processors/writer/main.js', 'writer', { BELLWETHER_WRITER_PORT: '0' });
  });
  after(async () => {
    await producer.stop();
    await pipeline.stop();
  });

  const ask = async <T>(query: string, shape: z.ZodType<T>): Promise<T[]> => {
    const result = await pipeline.client.query({ query, format: 'JSONEachRow' });
    return z.array(shape).parse(await result.json());
  };
  const totals = (table: string) =>
    ask(
      `SELECT host, sum(value) AS value, sum(count) AS count FROM bellwether.${table} FINAL GROUP BY host ORDER BY host`,
      row,
    );
  /** All that was sent is read, and every minute and hour counts as complete. */
  const untilAllStand = async () => {
    const kafka = { brokers: pipeline.broker.brokers, clientId: 'test', log: pipeline.log };
    await untilDespiteErrors('the writer has read all', () => allRead(kafka), 30_000);
    for (const resolution of ['minute', 'hour'] as const) {
      const allStand = async () => {
        const { touched, stand } = await standing(pipeline.client, resolution);
        return touched > 0 && stand === touched;
      };
      await untilDespiteErrors(`each ${resolution} stands`, allStand, 30_000);
    }
  };
  const assertEqual = async (hosts: number) => {
    const samples = await totals('samples');
    assert.equal(samples.length, hosts);
    assert.deepEqual(await totals('minutes'), samples);
    assert.deepEqual(await totals('hours'), samples);
  };
  const send = async (host: number, windows: readonly number[]) => {
    const batches = windows.map((window) => signalBatch(host, window, firstMs + window * WINDOW_MS, run));
    await producer.send(
      SIGNALS_TOPIC,
      batches.map((batch) => ({ key: batch.host.id, value: encodeSignalBatch(batch) })),
    );
  };
  const startRollup = (name: string, port: number) =>
    pipeline.run('processors/rollup/main.js', name, {
      BELLWETHER_ROLLUP_PORT: String(port),
      BELLWETHER_ROLLUP_DELAY_MS: '100',
      BELLWETHER_ROLLUP_LOOK_MS: '1000',
    });
  const all = Array.from({ length: WINDOWS }, (_, window) => window);

  it('makes minutes and the hour of what is stored, equal to the samples', async () => {
    first = startRollup('rollup-1', port);
    await send(1, all);
    await untilAllStand();
    await assertEqual(1);
    const [rows] = await ask(
      `SELECT max(rows) AS n FROM bellwether.seals WHERE resolution = 'minute'`,
      counted,
    );
    assert.equal(rows?.n, 6, 'the seal says how many series there are');
  });

  it('makes them again when rows come late, and although it is killed', async () => {
    await send(2, [3, 1, 20]);
    await first.end('SIGKILL');
    assert.equal(first.child.signalCode, 'SIGKILL');
    first = startRollup('rollup-2', port);
    await untilAllStand();
    await assertEqual(2);
  });

  it('finds what no progress record told of', async () => {
    const row = {
      customer: 'acme',
      metric: 'packet.drops',
      series: 77,
      source: 1,
      window_ms: 5_000,
      kind: 'sum',
    };
    const time = new Date(firstMs).toISOString().replace('T', ' ').replace('Z', '');
    const client = pipeline.client;
    await client.insert({
      table: 'bellwether.samples',
      format: 'JSONEachRow',
      values: [{ ...row, time, value: 5, host: 'host-9' }],
    });
    const touched = { minute: Math.floor(firstMs / MINUTE_MS) * (MINUTE_MS / 1_000), writes: 1 };
    await client.insert({ table: 'bellwether.touches', format: 'JSONEachRow', values: [touched] });
    await untilAllStand();
    await assertEqual(3);
  });

  it('shares the minutes with a second one, says how it is, and stops in order', async () => {
    const second = startRollup('rollup-3', 0);
    await until('it has joined', () => second.output().includes('joined the group'), 30_000);
    await send(4, all);
    await untilAllStand();
    await assertEqual(4);
    const ready = await fetch(`http://127.0.0.1:${port}/readyz`);
    assert.equal(ready.status, 200, await ready.text());
    const metrics = await (await fetch(`http://127.0.0.1:${port}/metrics`)).text();
    assert.match(metrics, /bellwether_rollup_recompute_seconds_count{resolution="minute"} [1-9]/);
    assert.match(metrics, /bellwether_rollup_lag_messages{topic="progress.v1",partition="0"} \d/);
    assert.equal(await second.end('SIGTERM'), 0);
    assert.equal(await first.end('SIGTERM'), 0);
  });
});
