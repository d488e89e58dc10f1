import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { pino } from 'pino';
import {
  createGroupConsumer,
  type ConsumerEvent,
  type GroupConsumer,
  type ReceivedMessage,
} from '../../../common/kafka/consumer.js';
import { createOffsetReader } from '../../../common/kafka/partition-offsets.js';
import { createProducer, type Producer } from '../../../common/kafka/producer.js';
import { defaultJarsDir, type BrokerOptions } from '../../../embedded/kafka/broker.js';
import { startBroker, type RunningBroker } from '../../../embedded/kafka/process.js';
import { makeTopics } from '../../../schema/make-topics.js';
import { SIGNALS_TOPIC } from '../../../schema/topics.js';
import { freePort } from '../../support/ports.js';
import { until, untilDespiteErrors } from '../../support/until.js';

const MIB = 1024 * 1024;
const log = pino({ level: 'silent' });

describe('group consumer, with a real broker', () => {
  let directory: string;
  let options: BrokerOptions;
  let broker: RunningBroker;
  let producer: Producer;
  /** Distinct messages so far; each but the big one holds its number. */
  let sent = 0;

  before(async () => {
    directory = await mkdtemp(join(tmpdir(), 'bellwether-consumer-'));
    const [port, controllerPort] = [await freePort(), await freePort()];
    options = { home: directory, jarsDir: defaultJarsDir(), port, controllerPort, listenHost: '127.0.0.1' };
    broker = await startBroker(options, log);
    await makeTopics({ brokers: broker.brokers, clientId: 'test', log, replicationFactor: 1 });
    producer = createProducer({ brokers: broker.brokers, clientId: 'test', log, maxMessageBytes: 8 * MIB });
  });
  after(async () => {
    await producer.stop();
    await broker.stop();
    await rm(directory, { recursive: true, force: true });
  });

  const send = async (count: number) => {
    const messages = Array.from({ length: count }, () => String(sent++));
    await producer.send(
      SIGNALS_TOPIC,
      messages.map((text) => ({ key: text, value: Buffer.from(text), headers: { n: text } })),
    );
  };
  /** Messages of the log that the group has not committed: a producer's retry may have put one in twice. */
  const uncommitted = async (groupId: string) => {
    const kafka = { brokers: broker.brokers, clientId: 'test', log };
    const reader = createOffsetReader({ ...kafka, groupId, topics: [SIGNALS_TOPIC] });
    await reader.start();
    const offsets = await reader.read();
    await reader.stop();
    return offsets.reduce((sum, at) => sum + at.high - (at.committed ?? at.low), 0);
  };

  interface Member {
    readonly consumer: GroupConsumer;
    readonly texts: Set<string>;
    readonly events: ConsumerEvent[];
    full: Promise<void> | undefined;
  }
  const member = (groupId: string): Member => {
    const texts = new Set<string>();
    const events: ConsumerEvent[] = [];
    const taken: ReceivedMessage[] = [];
    const made: Member = {
      texts,
      events,
      full: undefined,
      consumer: createGroupConsumer({
        brokers: broker.brokers,
        clientId: 'test',
        log,
        groupId,
        topics: [SIGNALS_TOPIC],
        roomFor: () => made.full,
        onMessage(message) {
          taken.push(message);
          // Done in another order than it came, and later.
          setTimeout(() => {
            const [one] = taken.splice(Math.floor(Math.random() * taken.length), 1);
            if (one === undefined) return;
            texts.add(Buffer.from(one.value ?? []).toString());
            made.consumer.offsets.done(one, one.offset);
            if (made.consumer.offsets.outstanding === 0) void made.consumer.commit();
          }, 5);
        },
        onFatal: (error) => assert.fail(error),
        onEvent: (event) => events.push(event),
      }),
    };
    return made;
  };

  /** A commit that a rebalance refused is tried again, as the writer's next flush does. */
  const allCommitted = (one: Member, groupId: string) =>
    untilDespiteErrors(
      'all was committed',
      async () => (await one.consumer.commit()) && (await uncommitted(groupId)) === 0,
      20_000,
    );

  it('reads from the beginning, with key, headers and time, and commits what is done', async () => {
    await send(50);
    const one = member('beginning');
    await one.consumer.start();
    await until('all was read', () => one.texts.size === 50, 20_000);
    await allCommitted(one, 'beginning');
    await one.consumer.stop();
    assert.equal(one.consumer.joined(), false);
    const two = member('beginning');
    await two.consumer.start();
    await send(1);
    await until('only the new one came', () => two.texts.size > 0, 20_000);
    assert.deepEqual([...two.texts], ['50']);
    await two.consumer.stop();
  });

  it('holds back while there is no room, without being thrown out of the group', async () => {
    // Larger than a fetch (2 MiB) even when packed, and others behind it on each partition.
    await producer.send(SIGNALS_TOPIC, [
      { key: 'big', value: Buffer.from(randomBytes(3 * MIB).toString('hex')) },
    ]);
    sent += 1;
    await send(30);
    const one = member('full');
    let open = (): void => undefined;
    one.full = new Promise((resolve) => (open = resolve));
    await one.consumer.start();
    // Longer than the session timeout of 10 s.
    await delay(11_500);
    assert.equal(one.texts.size, 0);
    assert.deepEqual(one.events, []);
    one.full = undefined;
    open();
    await until('all was read', () => one.texts.size === sent, 20_000);
    assert.deepEqual(one.events, []);
    await one.consumer.stop();
  });

  it('loses nothing over restarts of itself and of the broker', async () => {
    const one = member('restarted');
    await one.consumer.start();
    await send(20);
    await one.consumer.restart('test');
    await send(20);
    await broker.kill();
    broker = await startBroker(options, log);
    await send(20);
    await until('all was read', () => one.texts.size === sent, 40_000);
    await allCommitted(one, 'restarted');
    await one.consumer.stop();
  });
});

describe('group consumer, without a broker', () => {
  it('can be told to take no more while it is still joining', async () => {
    const consumer = createGroupConsumer({
      brokers: [`127.0.0.1:${await freePort()}`],
      clientId: 'test',
      log,
      groupId: 'joining',
      topics: [SIGNALS_TOPIC],
      roomFor: () => undefined,
      onMessage: () => assert.fail('there is none'),
      onFatal: (error) => assert.fail(error),
    });
    const started = assert.rejects(consumer.start(), { code: 'kafka_unavailable' });
    consumer.quiesce();
    await consumer.stop();
    await started;
  });
});
