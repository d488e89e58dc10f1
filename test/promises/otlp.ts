import { createProducer, type Producer } from '../../common/kafka/producer.js';
import { SIGNALS_TOPIC } from '../../schema/topics.js';
import { startPipeline, type Pipeline } from '../processors/writer/pipeline.js';
import { startCapture } from '../support/otlp/capture.js';
import { differences, pointsOf, type Origin } from '../support/otlp/expected.js';
import { rowsOfApp } from '../support/otlp/rows.js';
import { startSdk, type Sdk } from '../support/otlp/sdk.js';
import { freePort } from '../support/ports.js';
import { until } from '../support/until.js';
import type { ProductPromise, PromiseContext, PromiseResult } from './promise.js';

const MIB = 1024 * 1024;
const ROUNDS = { short: 2, full: 20 } as const;

async function startLine(pipeline: Pipeline): Promise<void> {
  const schema = pipeline.run('schema/main.js', 'schema');
  if ((await schema.exited) !== 0) throw new Error(schema.output());
  const port = await freePort();
  pipeline.run('processors/writer/main.js', 'writer', {
    BELLWETHER_WRITER_PORT: String(port),
    BELLWETHER_WRITER_FLUSH_MS: '50',
  });
}

async function sendRounds(sdk: Sdk, rounds: number): Promise<void> {
  for (let round = 0; round < rounds; round += 1) {
    sdk.record(round);
    await sdk.flush();
  }
}

async function run({ mode, log }: PromiseContext): Promise<PromiseResult> {
  const pipeline = await startPipeline();
  const capture = await startCapture();
  const producer: Producer = createProducer({
    brokers: pipeline.broker.brokers,
    clientId: 'test',
    log: pipeline.log,
    maxMessageBytes: 8 * MIB,
  });
  const problems: string[] = [];
  let points = 0;
  try {
    await startLine(pipeline);
    for (const temporality of ['delta', 'cumulative'] as const) {
      const app = `topic-${temporality}`;
      const resource = { 'bellwether.customer': 'acme', 'host.name': 'vm-1', 'cloud.region': 'eu', 'x.y': 1 };
      const sdk = startSdk({ url: capture.url, encoding: 'protobuf', temporality, app, resource });
      const first = capture.bodies.length;
      await sendRounds(sdk, ROUNDS[mode]);
      await producer.send(
        SIGNALS_TOPIC,
        capture.bodies.slice(first).map((value) => ({ key: 'vm-1', value })),
      );
      const expected = pointsOf(sdk.sent);
      await until(
        `${expected} rows`,
        async () => (await rowsOfApp(pipeline.client, app)).length >= expected,
        15_000,
      );
      const origin: Origin = {
        customer: 'acme',
        app,
        host: 'vm-1',
        instance: '',
        region: 'eu',
        attributes: { 'resource.x.y': '1' },
      };
      problems.push(...differences(await rowsOfApp(pipeline.client, app), sdk.sent, origin));
      points += expected;
      await sdk.stop();
    }
  } finally {
    await producer.stop();
    await capture.stop();
    await pipeline.stop();
  }
  for (const problem of problems.slice(0, 10)) log(problem);
  return { holds: problems.length === 0, figure: `${points} points, ${problems.length} differ` };
}

export default {
  name: 'otlp',
  plannedSeconds: { short: 15, full: 30 },
  needs: 'nothing',
  run,
} satisfies ProductPromise;
