import assert from 'node:assert/strict';
import { lstat, mkdir, mkdtemp, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { pino } from 'pino';
import { createOffsetReader } from '../../../common/kafka/partition-offsets.js';
import { createProducer } from '../../../common/kafka/producer.js';
import {
  defaultJarsDir,
  formatStorage,
  kafkaCommand,
  prepareKafka,
  shareJars,
  waitForKafka,
  type BrokerOptions,
} from '../../../embedded/kafka/broker.js';
import { jarsComplete } from '../../../embedded/kafka/artifacts.js';
import { startBroker, type RunningBroker } from '../../../embedded/kafka/process.js';
import { makeTopics } from '../../../schema/make-topics.js';
import { SIGNALS_TOPIC, TOPICS } from '../../../schema/topics.js';
import { freePort } from '../../support/ports.js';

const MIB = 1024 * 1024;
const log = pino({ level: 'silent' });

describe('embedded Kafka', () => {
  let directory: string;
  let options: BrokerOptions;
  let broker: RunningBroker;

  before(async () => {
    directory = await mkdtemp(join(tmpdir(), 'bellwether-kafka-'));
    options = {
      home: directory,
      jarsDir: defaultJarsDir(),
      port: await freePort(),
      controllerPort: await freePort(),
      listenHost: '127.0.0.1',
    };
    broker = await startBroker(options, log);
  });
  after(async () => {
    await broker.stop();
    await rm(directory, { recursive: true, force: true });
  });

  const messagesIn = async (topic: string) => {
    const reader = createOffsetReader({
      brokers: broker.brokers,
      clientId: 'test',
      log,
      groupId: 'test',
      topics: [topic],
    });
    await reader.start();
    const offsets = await reader.read();
    await reader.stop();
    return offsets.reduce((sum, { low, high }) => sum + high - low, 0);
  };

  it('makes all topics once, and takes the largest messages that they allow', async () => {
    const kafka = { brokers: broker.brokers, clientId: 'test', log };
    const made = await makeTopics({ ...kafka, replicationFactor: 1 });
    assert.deepEqual(
      made,
      TOPICS.map(({ name }) => name),
    );
    assert.deepEqual(await makeTopics({ ...kafka, replicationFactor: 1 }), []);
    const producer = createProducer({ ...kafka, maxMessageBytes: 10 * MIB, compression: 'none' });
    for (const { name, maxMessageBytes } of TOPICS) {
      // 4 KiB less, for the record's frame and headers.
      await producer.send(name, [{ key: 'k', value: Buffer.alloc(maxMessageBytes - 4_096, 1) }]);
    }
    await assert.rejects(
      producer.send(SIGNALS_TOPIC, [{ key: 'k', value: Buffer.alloc(10 * MIB + 1) }]),
      /has 10485761 bytes; at most 10485760/,
    );
    await producer.stop();
  });

  it('keeps what it acknowledged over a kill, and its storage over a second format', async () => {
    const cluster = await readFile(join(directory, 'kafka/data/meta.properties'), 'utf8');
    await broker.kill();
    assert.equal(await formatStorage(options), false);
    broker = await startBroker(options, log);
    assert.equal(await readFile(join(directory, 'kafka/data/meta.properties'), 'utf8'), cluster);
    assert.equal(await messagesIn(SIGNALS_TOPIC), 1);
  });

  it('says when nobody answers', async () => {
    const nobody = `127.0.0.1:${await freePort()}`;
    await assert.rejects(waitForKafka([nobody], 300, log), /is not ready after 300 ms/);
  });
});

describe('what the broker owns', () => {
  it(
    'is neither written to nor given away at a later start',
    { skip: process.getuid?.() !== 0 },
    async () => {
      const home = await mkdtemp(join(tmpdir(), 'bellwether-kafka-links-'));
      try {
        const theirs = join(home, 'kafka');
        const victim = join(home, 'victim');
        await mkdir(join(theirs, 'data'), { recursive: true });
        await writeFile(victim, 'ours');
        for (const name of ['server.properties', 'log4j2.properties', 'format.properties']) {
          await symlink(victim, join(theirs, name));
        }
        await writeFile(join(theirs, 'data', 'root'), '');
        const options = { home, port: 1, controllerPort: 2, jarsDir: '/j', listenHost: '127.0.0.1' };
        assert.equal(await formatStorage(options, { uid: 60_811, gid: 60_811 }), false);
        assert.equal(await readFile(victim, 'utf8'), 'ours');
        assert.equal((await lstat(join(theirs, 'data', 'root'))).uid, 0);
        const run = await stat(join(home, 'run', 'kafka'));
        const file = await stat(join(home, 'run', 'kafka', 'server.properties'));
        assert.deepEqual([run.uid, run.mode & 0o777, file.uid, file.mode & 0o777], [0, 0o755, 0, 0o644]);
      } finally {
        await rm(home, { recursive: true, force: true });
      }
    },
  );
});

describe('artefacts of the embedded Kafka', () => {
  let directory: string;

  before(async () => {
    directory = await mkdtemp(join(tmpdir(), 'bellwether-jars-'));
    await prepareKafka(defaultJarsDir(), log);
  });
  after(() => rm(directory, { recursive: true, force: true }));

  it('are shared whole, and repaired when one is damaged', async () => {
    const shared = join(directory, 'shared');
    await shareJars(defaultJarsDir(), shared);
    assert.ok(await jarsComplete(shared));
    const jar = join(shared, 'kafka_2.13-4.4.0.jar');
    await rm(jar);
    await writeFile(jar, 'cut short');
    assert.equal(await jarsComplete(shared), false);
    await shareJars(defaultJarsDir(), shared);
    assert.ok(await jarsComplete(shared));
    assert.ok((await stat(jar)).size > 1_000_000);
  });

  it('say what to do when Maven is absent', async () => {
    const path = process.env['PATH'];
    process.env['PATH'] = directory;
    try {
      await assert.rejects(prepareKafka(join(directory, 'none'), log), /apt-get install maven/);
    } finally {
      process.env['PATH'] = path;
    }
  });

  it('are started with a bounded heap', () => {
    const options = { home: '/h', port: 1, controllerPort: 2, jarsDir: '/j', listenHost: '127.0.0.1' };
    const { args } = kafkaCommand(options);
    assert.ok(args.includes('-Xmx256m'));
    assert.equal(args.at(-1), '/h/run/kafka/server.properties');
  });
});
