import { createToken } from '../../../common/auth/token-table.js';
import { createOffsetReader } from '../../../common/kafka/partition-offsets.js';
import { createProducer } from '../../../common/kafka/producer.js';
import { SIGNALS_TOPIC } from '../../../schema/topics.js';
import { startPipeline, type Pipeline } from '../../processors/writer/pipeline.js';
import { untilReady } from '../part.js';
import { freePorts } from '../ports.js';
import { untilDespiteErrors } from '../until.js';

/** From an exporter to the tables: a broker, a store, a writer and a receiver of its own. */
export interface OtlpLine {
  readonly pipeline: Pipeline;
  /** Where exporters send to. */
  readonly url: string;
  readonly tokens: { readonly globex: string; readonly operator: string };
  /** Puts messages on the topic, as a Collector does. */
  produce(values: readonly Uint8Array[]): Promise<void>;
  /** Resolves when all that is on the topic is stored or dead-lettered. */
  settled(): Promise<void>;
  /** The sum of a counter of the writer. */
  counter(name: string): Promise<number>;
  stop(): Promise<void>;
}

const MAX_MESSAGE_BYTES = 8 * 1024 * 1024;

export async function startOtlpLine(): Promise<OtlpLine> {
  const pipeline = await startPipeline();
  const { brokers } = pipeline.broker;
  const kafka = { brokers, clientId: 'test', log: pipeline.log };
  const producer = createProducer({ ...kafka, maxMessageBytes: MAX_MESSAGE_BYTES });
  const offsets = createOffsetReader({ ...kafka, groupId: 'bellwether-writer', topics: [SIGNALS_TOPIC] });
  const stop = async () => {
    await producer.stop();
    await offsets.stop();
    await pipeline.stop();
  };
  try {
    const schema = pipeline.run('schema/main.js', 'schema');
    if ((await schema.exited) !== 0) throw new Error(schema.output());
    const { writerPort, url } = await startParts(pipeline);
    await offsets.start();
    const token = async (role: 'customer' | 'operator', customer: string) =>
      (await createToken(pipeline.client, { role, customer })).token;
    return {
      pipeline,
      url,
      tokens: { globex: await token('customer', 'globex'), operator: await token('operator', '') },
      produce: (values) =>
        producer.send(
          SIGNALS_TOPIC,
          values.map((value) => ({ key: null, value })),
        ),
      settled: () => {
        const isRead = async () =>
          (await offsets.read()).every(({ high, low, committed }) => high - (committed ?? low) === 0);
        return untilDespiteErrors('all was read', isRead, 30_000);
      },
      counter: async (name) =>
        sumOf(await (await fetch(`http://127.0.0.1:${writerPort}/metrics`)).text(), name),
      stop,
    };
  } catch (error) {
    await stop();
    throw error;
  }
}

async function startParts(pipeline: Pipeline): Promise<{ writerPort: number; url: string }> {
  const [writerPort = 0, receiverPort = 0] = await freePorts(2);
  const writer = pipeline.run('processors/writer/main.js', 'writer', {
    BELLWETHER_WRITER_PORT: String(writerPort),
    BELLWETHER_WRITER_FLUSH_MS: '50',
  });
  const receiver = pipeline.run('ingest/receiver/main.js', 'receiver', {
    BELLWETHER_RECEIVER_PORT: String(receiverPort),
  });
  await Promise.all([
    untilReady(writer, `http://127.0.0.1:${writerPort}/readyz`),
    untilReady(receiver, `http://127.0.0.1:${receiverPort}/readyz`),
  ]);
  return { writerPort, url: `http://127.0.0.1:${receiverPort}/v1/metrics` };
}

function sumOf(exposition: string, name: string): number {
  const lines = exposition.split('\n').filter((line) => line.startsWith(name));
  return lines.reduce((sum, line) => sum + Number(line.slice(line.lastIndexOf(' ') + 1)), 0);
}
