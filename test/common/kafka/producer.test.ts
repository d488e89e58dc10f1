import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { pino } from 'pino';
import { createProducer, type Producer } from '../../../common/kafka/producer.js';
import { defaultJarsDir } from '../../../embedded/kafka/broker.js';
import { startBroker, type RunningBroker } from '../../../embedded/kafka/process.js';
import { makeTopics } from '../../../schema/make-topics.js';
import { deadLetterTopic, SIGNALS_TOPIC } from '../../../schema/topics.js';
import { freePort } from '../../support/ports.js';

const MIB = 1024 * 1024;
const log = pino({ level: 'silent' });

describe('producer, with a real broker', () => {
  let directory: string;
  let broker: RunningBroker;
  let producer: Producer;

  before(async () => {
    directory = await mkdtemp(join(tmpdir(), 'bellwether-producer-'));
    const [port, controllerPort] = [await freePort(), await freePort()];
    const options = { home: directory, jarsDir: defaultJarsDir(), port, controllerPort };
    broker = await startBroker({ ...options, listenHost: '127.0.0.1' }, log);
    const kafka = { brokers: broker.brokers, clientId: 'test', log };
    await makeTopics({ ...kafka, replicationFactor: 1 });
    producer = createProducer({ ...kafka, maxMessageBytes: 10 * MIB });
  });
  after(async () => {
    await producer.stop();
    await broker.stop();
    await rm(directory, { recursive: true, force: true });
  });

  it('says message_invalid of what the broker refuses for its size, not kafka_unavailable', async () => {
    const topic = deadLetterTopic(SIGNALS_TOPIC);
    const some = Array.from({ length: 3 }, () => ({ key: 'k', value: randomBytes(4 * MIB) }));
    await assert.rejects(producer.send(topic, some), { code: 'message_invalid' });
    await producer.send(topic, some.slice(0, 1));
  });
});
