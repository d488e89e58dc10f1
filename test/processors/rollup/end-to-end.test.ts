import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, before, describe, it } from 'node:test';
import { z } from 'zod';
import { createProducer, type Producer } from '../../../common/kafka/producer.js';
import { encodeSignalBatch } from '../../../common/wire/otlp.js';
import { SIGNALS_TOPIC } from '../../../schema/topics.js';
import { freePort } from '../../support/ports.js';
import { until, untilDespiteErrors } from '../../support/until.js';
import { signalBatch, WINDOW_MS } from '../writer/batches.js';
import { startPipeline, type Pipeline } from '../writer/pipeline.js';

const MIB = 1024 * 1024;
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
  const clean = async (resolution: 'minute' | 'hour', buckets: number) => {
    const start = resolution === 'minute' ? 'minute' : 'toStartOfHour(minute)';
    const [found] = await ask(
      `SELECT count() AS n FROM (SELECT ${start} AS bucket, sum(writes) AS written FROM bellwether.touches GROUP BY bucket) AS t
       JOIN (SELECT bucket, writes FROM bellwether.seals FINAL WHERE resolution = '${resolution}') AS s
       ON t.bucket = s.bucket WHERE written = writes`,
      counted,
    );
    return found?.n === buckets;
  };
  const send = async (host: number, windows: readonly number[]) => {
    const batches = windows.map((window) => signalBatch(host, window, firstMs + window * WINDOW_MS, run));
    await producer.send(
      SIGNALS_TOPIC,
      batches.map((batch) => ({ key: batch.host.id, value: encodeSignalBatch(batch) })),
    );
  };
  const startRollup = (name: string) =>
    pipeline.run('processors/rollup/main.js', name, {
      BELLWETHER_ROLLUP_PORT: String(port),
      BELLWETHER_ROLLUP_DELAY_MS: '100',
      BELLWETHER_ROLLUP_LOOK_MS: '1000',
    });
  const all = Array.from({ length: WINDOWS }, (_, window) => window);

  it('makes minutes and the hour of what is stored, equal to the samples', async () => {
    startRollup('rollup-1');
    await send(1, all);
    await untilDespiteErrors('the minutes stand', () => clean('minute', 2), 30_000);
    await untilDespiteErrors('the hour stands', () => clean('hour', 1), 30_000);
    const samples = await totals('samples');
    assert.equal(samples.length, 1);
    assert.deepEqual(await totals('minutes'), samples);
    assert.deepEqual(await totals('hours'), samples);
    const [rows] = await ask(
      `SELECT max(rows) AS n FROM bellwether.seals WHERE resolution = 'minute'`,
      counted,
    );
    assert.equal(rows?.n, 6, 'the seal says how many series there are');
  });

  it('makes them again when rows come late', async () => {
    await send(2, [3, 1, 20]);
    const isIn = async () => (await totals('minutes')).length === 2;
    await untilDespiteErrors('the late rows are in the minutes', isIn, 30_000);
    await untilDespiteErrors(
      'the hour stands',
      async () => (await clean('minute', 2)) && clean('hour', 1),
      30_000,
    );
    const samples = await totals('samples');
    assert.deepEqual(await totals('minutes'), samples);
    assert.deepEqual(await totals('hours'), samples);
  });
});
