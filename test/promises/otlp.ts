import { deadLetterTopic, SIGNALS_TOPIC } from '../../schema/topics.js';
import { readTopic } from '../processors/writer/kafka-reading.js';
import { messageOf } from '../../common/runtime/errors.js';
import { encodeForeign, FOREIGN_KINDS } from '../../common/wire/foreign/index.js';
import { gauge, metric, nanoseconds, number, request, sum, text } from '../common/wire/foreign/requests.js';
import { startCapture, type Capture } from '../support/otlp/capture.js';
import { differences, pointsOf, type Origin } from '../support/otlp/expected.js';
import { startOtlpLine, type OtlpLine } from '../support/otlp/line.js';
import { rowsOfApp } from '../support/otlp/rows.js';
import { startSdk, type Sdk, type SdkOptions } from '../support/otlp/sdk.js';
import type { ProductPromise, PromiseContext, PromiseResult } from './promise.js';

const ROUNDS = { short: 2, full: 30 } as const;
/** How often each message comes besides the first time. */
const REPLAYS = 2;

/** A resource that says whose it is; over HTTP nobody believes it. */
const RESOURCE = {
  'bellwether.customer': 'acme',
  'host.name': 'vm-1',
  'service.instance.id': 'i-1',
  'cloud.region': 'eu',
  'deployment.environment.name': 'test',
};
const ORIGIN: Omit<Origin, 'customer' | 'app'> = {
  host: 'vm-1',
  instance: 'i-1',
  region: 'eu',
  attributes: { 'resource.deployment.environment.name': 'test' },
};
/** By these a message would pass for one of an agent. */
const FORGED = { 'bellwether.run': '3f2f4c0a-8a53-4d2c-9c39-0f6f6e1b2a11', 'bellwether.seq': 1 };

interface Way {
  readonly app: string;
  readonly customer: string;
  readonly sdk: Sdk;
  /** Puts the bytes of the SDK on the topic; over HTTP they are there already. */
  afterFlush(): Promise<void>;
  /** Sends the last message again. */
  again(): Promise<void>;
}

type Kind = Pick<SdkOptions, 'temporality' | 'encoding' | 'gzip'>;

/** Protobuf on the topic, as a Collector's Kafka exporter puts it there. */
function byTopic(line: OtlpLine, capture: Capture, kind: Kind): Way {
  const app = `topic-${kind.temporality}`;
  const sdk = startSdk({ ...kind, url: capture.url, app, resource: RESOURCE });
  const produceLast = () => line.produce(capture.bodies.slice(-1));
  return { app, customer: 'acme', sdk, afterFlush: produceLast, again: produceLast };
}

/** Through the receiver, with a token of another customer than the one that the resource names. */
function byReceiver(line: OtlpLine, kind: Kind): Way {
  const app = `http-${kind.encoding}-${kind.temporality}`;
  const resource = { ...RESOURCE, ...FORGED };
  const sdk = startSdk({ ...kind, url: line.url, token: line.tokens.globex, app, resource });
  const again = () => sdk.sendAgain(kind.encoding);
  return { app, customer: 'globex', sdk, afterFlush: () => Promise.resolve(), again };
}

/** Sends rounds by that way, each message three times. */
async function sendRounds(way: Way, rounds: number): Promise<void> {
  for (let round = 0; round < rounds; round += 1) {
    way.sdk.record(round);
    await way.sdk.flush();
    await way.afterFlush();
    for (let replay = 0; replay < REPLAYS; replay += 1) await way.again();
  }
}

/** @returns what differs from what the SDK sent; notes the kinds of rows. */
async function compare(line: OtlpLine, { app, customer, sdk }: Way, kinds: Set<string>): Promise<string[]> {
  const rows = await rowsOfApp(line.pipeline.client, app);
  for (const { kind } of rows) kinds.add(kind);
  return differences(rows, sdk.sent, { ...ORIGIN, customer, app });
}

/** An operator's token does not say whose the points are, and a wrong one nothing at all. */
async function refusedTokens(line: OtlpLine): Promise<string[]> {
  const problems: string[] = [];
  for (const [token, status] of [[line.tokens.operator, '403'] as const, ['bw_wrong', '401'] as const]) {
    const sdk = startSdk({ url: line.url, token, encoding: 'protobuf', temporality: 'delta', app: 'nobody' });
    sdk.record(0);
    const outcome = await sdk.flush().then(() => 'taken', messageOf);
    if (outcome === 'taken') problems.push(`a token that should give ${status} was taken`);
    await sdk.stop();
  }
  if ((await rowsOfApp(line.pipeline.client, 'nobody')).length > 0) problems.push('rows without a token');
  return problems;
}

/** What cannot be taken, in one message with what can. */
async function deadLetters(line: OtlpLine): Promise<string[]> {
  const now = nanoseconds(Date.now());
  const at = { timeUnixNano: now, startTimeUnixNano: now };
  const own = [text('service.name', 'partly'), text('bellwether.customer', 'acme')];
  const messages = new Map([
    [
      'partly_taken',
      encodeForeign(request([gauge([number(at)]), { ...sum([number(at)]), name: 'packet.drops' }], own)),
    ],
    ['kind_unsupported', encodeForeign(request([metric({ summary: { dataPoints: [{}] } })], own))],
    ['too_old', encodeForeign(request([gauge([number({ startTimeUnixNano: 0n, timeUnixNano: 1n })])], own))],
    ['unreadable', Buffer.from('no protobuf at all')],
  ]);
  await line.produce([...messages.values()]);
  await line.settled();
  const letters = await readTopic(line.pipeline.broker.brokers, deadLetterTopic(SIGNALS_TOPIC));
  const problems = [...messages].flatMap(([reason, value]) => {
    const letter = letters.find(({ headers }) => headers['bellwether.reason'] === reason);
    return letter?.value?.equals(value) === true ? [] : [`no dead letter ${reason} with its bytes`];
  });
  if (letters.length !== messages.size) problems.push(`${letters.length} dead letters of ${messages.size}`);
  const stored = (await rowsOfApp(line.pipeline.client, 'partly')).length;
  if (stored !== 1) problems.push(`${stored} rows of the one good point`);
  return problems;
}

async function run({ mode, log }: PromiseContext): Promise<PromiseResult> {
  const line = await startOtlpLine();
  log('the line stands');
  const capture = await startCapture();
  const problems: string[] = [];
  const kinds = new Set<string>();
  let points = 0;
  try {
    const ways = (['delta', 'cumulative'] as const).flatMap((temporality) => [
      byTopic(line, capture, { temporality, encoding: 'protobuf' }),
      byReceiver(line, { temporality, encoding: 'protobuf', gzip: true }),
      byReceiver(line, { temporality, encoding: 'json' }),
    ]);
    for (const way of ways) await sendRounds(way, ROUNDS[mode]);
    await line.settled();
    for (const way of ways) {
      const found = await compare(line, way, kinds);
      const sent = pointsOf(way.sdk.sent);
      points += sent;
      log(`${way.app}: ${sent} points, ${found.length} differ`);
      problems.push(...found);
    }
    const takenIn = await line.counter('bellwether_writer_foreign_points_total');
    if (takenIn !== points * (1 + REPLAYS))
      problems.push(`${takenIn} points came, not ${points} three times`);
    if (kinds.size !== FOREIGN_KINDS.length) problems.push(`only kinds ${[...kinds].join(', ')}`);
    // They send once more when they are stopped.
    await Promise.all(ways.map(({ sdk }) => sdk.stop()));
    problems.push(...(await refusedTokens(line)), ...(await deadLetters(line)));
  } finally {
    await capture.stop();
    await line.stop();
  }
  for (const problem of problems.slice(0, 10)) log(problem);
  if (problems.length > 0) return { holds: false, figure: `${problems.length} differ` };
  const ways = 'as protobuf on the topic and by HTTP in protobuf and JSON';
  return {
    holds: true,
    figure: `${points} of ${points} points of ${kinds.size} kinds equal and stored once of three times, ${ways}; 4 dead letters with their reasons`,
  };
}

export default {
  name: 'otlp',
  plannedSeconds: { short: 20, full: 60 },
  needs: 'nothing',
  run,
} satisfies ProductPromise;
