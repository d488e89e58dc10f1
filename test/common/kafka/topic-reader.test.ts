import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { Kafka, logLevel } from 'kafkajs';
import { pino } from 'pino';
import { createProducer } from '../../../common/kafka/producer.js';
import { logRanges, readRanges } from '../../../common/kafka/topic-reader.js';
import { defaultJarsDir } from '../../../embedded/kafka/broker.js';
import { startBroker, type RunningBroker } from '../../../embedded/kafka/process.js';
import { freePorts } from '../../support/ports.js';
import { temporaryDirectory } from '../../support/temporary.js';

const TOPIC = 'read.v1';
const EACH = 50;

describe('reading stretches of a topic, with a real broker', () => {
  const home = temporaryDirectory();
  const log = pino({ level: 'silent' });
  let broker: RunningBroker;
  let between: number;
  const kafka = () => ({ brokers: broker.brokers, clientId: 'test', log });

  before(async () => {
    const [port = 0, controllerPort = 0] = await freePorts(2);
    const jarsDir = defaultJarsDir();
    broker = await startBroker({ home, port, controllerPort, jarsDir, listenHost: '127.0.0.1' }, log);
    const admin = new Kafka({ brokers: [...broker.brokers], logLevel: logLevel.NOTHING }).admin();
    await admin.connect();
    const configEntries = [{ name: 'message.timestamp.type', value: 'LogAppendTime' }];
    await admin.createTopics({
      topics: [{ topic: TOPIC, numPartitions: 3, configEntries }],
      waitForLeaders: true,
    });
    await admin.disconnect();
    const producer = createProducer({ ...kafka(), maxMessageBytes: 1_000 });
    const send = (from: number) => {
      const numbers = Array.from({ length: EACH }, (_, at) => String(from + at));
      return producer.send(
        TOPIC,
        numbers.map((number) => ({ key: number, value: Buffer.from(number) })),
      );
    };
    await send(0);
    await sleep(20);
    between = Date.now();
    await sleep(20);
    await send(EACH);
    await producer.stop();
  });
  after(() => broker.stop());

  const read = async (query: Parameters<typeof logRanges>[2]) => {
    const numbers: number[] = [];
    await readRanges(kafka(), await logRanges(kafka(), TOPIC, query), ({ value }) => {
      numbers.push(Number(Buffer.from(value ?? []).toString()));
    });
    return numbers.sort((a, b) => a - b);
  };
  const upTo = (from: number, to: number) => Array.from({ length: to - from }, (_, at) => from + at);

  it('gives each message of all partitions once', async () => {
    assert.deepEqual(await read({ newest: Infinity }), upTo(0, 2 * EACH));
  });

  it('begins at a time, or so many before the end or before a time', async () => {
    assert.deepEqual(await read({ fromMs: between, newest: Infinity }), upTo(EACH, 2 * EACH));
    const newest = await read({ newest: 5 });
    assert.equal(newest.length, 15);
    assert.ok(newest.every((number) => number >= EACH));
    const older = await read({ newest: 2, beforeMs: between });
    assert.equal(older.filter((number) => number < EACH).length, 6);
    assert.equal(older.length, 6 + EACH);
    assert.deepEqual(await logRanges(kafka(), TOPIC, { fromMs: Date.now() + 60_000, newest: 9 }), []);
  });

  it('ends with the error of whoever takes the messages', async () => {
    const ranges = await logRanges(kafka(), TOPIC, { newest: Infinity });
    let taken = 0;
    const reading = readRanges(kafka(), ranges, () => {
      taken += 1;
      throw new Error('enough');
    });
    await assert.rejects(reading, /enough/);
    assert.equal(taken, 1);
  });

  it('leaves no group behind', async () => {
    const admin = new Kafka({ brokers: [...broker.brokers], logLevel: logLevel.NOTHING }).admin();
    await admin.connect();
    const { groups } = await admin.listGroups();
    await admin.disconnect();
    assert.deepEqual(
      groups.map(({ groupId }) => groupId).filter((id) => id.startsWith('test-')),
      [],
    );
  });
});
