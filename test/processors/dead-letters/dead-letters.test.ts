import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { randomBytes, randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { promisify } from 'node:util';
import { Kafka, logLevel } from 'kafkajs';
import { pino } from 'pino';
import { createProducer, type Producer } from '../../../common/kafka/producer.js';
import { logRanges } from '../../../common/kafka/topic-reader.js';
import { encodeSignalBatch } from '../../../common/wire/otlp.js';
import { defaultJarsDir } from '../../../embedded/kafka/broker.js';
import { startBroker, type RunningBroker } from '../../../embedded/kafka/process.js';
import { deadLetterChunks, stub } from '../../../processors/writer/dead-letters.js';
import { refused, type DeadLetterReason } from '../../../processors/writer/prepare.js';
import { makeTopics } from '../../../schema/make-topics.js';
import { deadLetterTopic, SIGNALS_TOPIC } from '../../../schema/topics.js';
import { startPart } from '../../support/part.js';
import { CODE } from '../../support/paths.js';
import { freePorts } from '../../support/ports.js';
import { temporaryDirectory } from '../../support/temporary.js';
import { signalBatch, WINDOW_MS } from '../writer/batches.js';
import { readTopic } from '../writer/kafka-reading.js';

const MIB = 1024 * 1024;
const DLQ = deadLetterTopic(SIGNALS_TOPIC);
const log = pino({ level: 'silent' });

describe('dead letters, with a real broker', () => {
  const directory = temporaryDirectory();
  const startMs = Math.floor(Date.now() / WINDOW_MS) * WINDOW_MS;
  const run = randomUUID();
  const whole = encodeSignalBatch(signalBatch(3, 0, startMs, run));
  let broker: RunningBroker;
  let producer: Producer;

  before(async () => {
    const [port = 0, controllerPort = 0] = await freePorts(2);
    const jarsDir = defaultJarsDir();
    broker = await startBroker(
      { home: directory, port, controllerPort, jarsDir, listenHost: '127.0.0.1' },
      log,
    );
    const kafka = { brokers: broker.brokers, clientId: 'test', log };
    await makeTopics({ ...kafka, replicationFactor: 1 });
    producer = createProducer({ ...kafka, maxMessageBytes: 10 * MIB });
  });
  after(async () => {
    await producer.stop();
    await broker.stop();
  });

  /** What the writer sends for a message that it refuses. */
  const refuse = async (
    offset: number,
    value: Uint8Array | null,
    reason: DeadLetterReason,
    asStub = false,
  ) => {
    const refusal = refused(
      {
        topic: SIGNALS_TOPIC,
        partition: 1,
        offset,
        timestampMs: startMs,
        key: Buffer.from('host-3'),
        value,
        headers: { traceparent: Buffer.from('00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01') },
      },
      reason,
      `what was wrong with ${offset}`,
    );
    const letters = deadLetterChunks([refusal], MIB).flatMap((chunk) => chunk.letters);
    await producer.send(DLQ, asStub ? [stub(refusal)] : letters.map((letter) => letter.whole));
  };
  /** Messages on signals.v1. */
  const signals = async () => {
    const ranges = await logRanges({ brokers: broker.brokers, clientId: 'test', log }, SIGNALS_TOPIC, {
      newest: Infinity,
    });
    return ranges.reduce((sum, { start, end }) => sum + end - start, 0);
  };
  const bellwether = async (...parameters: string[]) => {
    const env = { ...process.env, KAFKA_BROKERS: broker.brokers.join(',') };
    const command = [join(CODE, 'cli/main.js'), 'dead-letters', ...parameters];
    return promisify(execFile)(process.execPath, command, { env }).then(
      ({ stdout }) => ({ status: 0, stdout, stderr: '' }),
      (error: unknown) => {
        const { code, stdout, stderr } = error as { code: number; stdout: string; stderr: string };
        return { status: code, stdout, stderr };
      },
    );
  };

  it('lists what there is in columns, by reason and by time', async () => {
    assert.match((await bellwether('list')).stdout, /^0 of 0 letters/);
    await refuse(40, whole, 'too_old');
    await refuse(41, randomBytes(300), 'unreadable');
    await refuse(42, Buffer.alloc(12 * MIB), 'unreadable', true);
    await refuse(43, null, 'empty');
    const { stdout } = await bellwether('list');
    const lines = stdout.trimEnd().split('\n');
    assert.match(
      lines[0] ?? '',
      /^REFUSED {19}LETTER {14}ORIGINAL {9}REASON {6}WHOSE {20}BYTES {2}STATE {2}DETAIL$/,
    );
    assert.match(
      lines[1] ?? '',
      /^20\S+Z {2}signals\.v1\.dlq\/0\/0 {2}signals\.v1\/1\/40 {2}too_old {5}host-3, acme, globex +\d+ {2}waits {2}what was wrong with 40$/,
    );
    assert.match(lines[2] ?? '', /unreadable {2}host-3 +300 {2}waits /);
    assert.match(lines[3] ?? '', /unreadable {2}host-3 +12582912 {2}stub /);
    assert.match(lines[4] ?? '', /empty +host-3 +0 {2}empty /);
    assert.equal(lines[5], '4 of 4 letters that match, of 4 messages looked at');
    const newest = await bellwether('list', '--reason', 'unreadable', '--limit', '1', '--json');
    const listing = JSON.parse(newest.stdout) as { matched: number; letters: { content: string }[] };
    assert.equal(listing.matched, 2);
    assert.deepEqual(
      listing.letters.map(({ content }) => content),
      ['stub'],
    );
    assert.match((await bellwether('list', '--to', 'now-1h')).stdout, /^0 of 0 letters that match/);
    assert.match((await bellwether('list', '--from', 'now-1h')).stdout, /4 of 4 letters that match/);
    assert.match((await bellwether('list', '--topic', 'nothing.v1')).stderr, /right would be signals\.v1/);
  });

  it('shows one: what is wrong, what it holds, its first bytes', async () => {
    const { stdout } = await bellwether('show', `${DLQ}/0/0`);
    assert.match(stdout, /^reason +too_old$/m);
    assert.match(stdout, /^original +signals\.v1\/1\/40, recorded 20/m);
    assert.match(stdout, /^holds +4 resources; bellwether\.ledger\.emitted/m);
    assert.match(stdout, /^customers +acme, globex$/m);
    assert.match(stdout, /^read now +well: 6 points of host host-3/m);
    assert.match(stdout, /^header traceparent +00-0af7/m);
    assert.match(stdout, /^00000000 {2}0a /m);
    const garbage = (await bellwether('show', `${DLQ}/0/1`)).stdout;
    assert.match(garbage, /^read now +not: /m);
    assert.match(garbage, /^… 44 more bytes$/m);
    assert.match((await bellwether('show', `${DLQ}/0/99`)).stderr, /holds offsets 0 to 3/);
    assert.match(
      (await bellwether('show', 'somewhere')).stderr,
      /right would be like signals\.v1\.dlq\/0\/17/,
    );
  });

  it('replays one as it was, says so, and not a second time by itself', async () => {
    const place = `${DLQ}/0/0`;
    assert.match((await bellwether('replay', place, '--dry-run')).stdout, /^1 letter to replay$/m);
    assert.equal(await signals(), 0);
    assert.match((await bellwether('replay', place)).stdout, /^1 replayed$/m);
    assert.equal(await signals(), 1);
    const [message] = await readTopic(broker.brokers, SIGNALS_TOPIC);
    assert.ok(message);
    assert.deepEqual(message.value, Buffer.from(whole));
    assert.equal(message.key, 'host-3');
    assert.deepEqual(Object.keys(message.headers).sort(), ['bellwether.replayed', 'traceparent']);
    assert.match((await bellwether('list')).stdout, /replayed 20\S+Z {2}what was wrong with 40$/m);
    const again = await bellwether('replay', place);
    assert.match(again.stdout, /signals\.v1\.dlq\/0\/0 replayed before \(20.+\): left out without --again/);
    assert.equal(await signals(), 1);
    assert.match((await bellwether('replay', place, '--again')).stdout, /^1 replayed$/m);
    assert.equal(await signals(), 2);
  });

  it('asks for --yes above one, and leaves out what has no bytes', async () => {
    await refuse(44, whole, 'unreadable');
    const asked = await bellwether('replay', '--reason', 'unreadable');
    assert.equal(asked.status, 1);
    assert.match(asked.stderr, /nothing sent: add --yes to replay 2 letters/);
    const sent = await bellwether('replay', '--reason', 'unreadable', '--yes');
    assert.match(sent.stdout, /^2 letters to replay\n1 without their bytes .*\n2 replayed\n$/);
    assert.equal(await signals(), 4);
    const stubbed = await bellwether('replay', `${DLQ}/0/2`);
    assert.equal(stubbed.status, 1);
    assert.match(stubbed.stderr, /is a stub: its 12582912 bytes were too large/);
    assert.match((await bellwether('replay')).stderr, /say which/);
  });

  it('knows a letter that was refused again after its replay', async () => {
    const replayed = (await readTopic(broker.brokers, SIGNALS_TOPIC))[0];
    const headers = Object.entries(replayed?.headers ?? {}).map(([name, value]) => [
      name,
      Buffer.from(value),
    ]);
    const refusal = refused(
      {
        topic: SIGNALS_TOPIC,
        partition: 0,
        offset: 7,
        timestampMs: startMs,
        key: null,
        value: whole,
        headers: Object.fromEntries(headers) as Record<string, Buffer>,
      },
      'too_old',
      'still',
    );
    const [chunk] = deadLetterChunks([refusal], MIB);
    await producer.send(DLQ, chunk?.letters.map((letter) => letter.whole) ?? []);
    assert.match((await bellwether('list', '--reason', 'too_old')).stdout, /refused again {22}still$/m);
    assert.match((await bellwether('show', `${DLQ}/0/9`)).stdout, /^replay of +signals\.v1\.dlq\/0\/0$/m);
  });

  it('a writer does not start while one dead-letter topic is missing', async () => {
    const admin = new Kafka({ brokers: [...broker.brokers], logLevel: logLevel.NOTHING }).admin();
    await admin.connect();
    await admin.deleteTopics({ topics: [DLQ] });
    await admin.disconnect();
    const writer = startPart('processors/writer/main.js', join(directory, 'writer.log'), {
      KAFKA_BROKERS: broker.brokers.join(','),
      CLICKHOUSE_URL: 'http://nobody:nothing@127.0.0.1:1',
      BELLWETHER_WRITER_PORT: '0',
    });
    assert.equal(await writer.exited, 1);
    assert.match(writer.output(), /the writer does not start without signals\.v1\.dlq: make the topics/);
    // Nothing was read: no position was committed.
    assert.doesNotMatch(writer.output(), /joined the group/);
  });
});
