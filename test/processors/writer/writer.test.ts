import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { describe, it } from 'node:test';
import { pino } from 'pino';
import { connectClickHouse } from '../../../common/clickhouse/connection.js';
import type { ReceivedMessage } from '../../../common/kafka/consumer.js';
import { OffsetTracker } from '../../../common/kafka/offset-tracker.js';
import type { OutgoingMessage } from '../../../common/kafka/producer.js';
import { BellwetherError } from '../../../common/runtime/errors.js';
import { Collector } from '../../../processors/writer/collector.js';
import { SeriesHasher } from '../../../processors/writer/identity.js';
import { WriterMetrics } from '../../../processors/writer/metrics.js';
import { Preparer } from '../../../processors/writer/prepare.js';
import { Store } from '../../../processors/writer/store.js';
import { createWriter, takeIn } from '../../../processors/writer/writer.js';
import { until } from '../../support/until.js';

const MIB = 1024 * 1024;
const LIMIT = 10 * MIB;
const AT = { topic: 'signals.v1', partition: 0 };
const log = pino({ level: 'silent' });

const bytesOf = (messages: readonly OutgoingMessage[]) =>
  messages.reduce((sum, { value }) => sum + (value?.byteLength ?? 0), 0);
const garbage = (offset: number, bytes: number): ReceivedMessage => {
  return { ...AT, offset, timestampMs: 5, key: null, value: randomBytes(bytes), headers: {} };
};

/** A writer whose Kafka refuses each send that `refuses` is true for, as too large, however often it comes. */
function writerWith(refuses: (messages: readonly OutgoingMessage[]) => boolean) {
  const nothing = () => Promise.resolve();
  const sends: { topic: string; messages: readonly OutgoingMessage[] }[] = [];
  const giveUp = new AbortController();
  const metrics = new WriterMetrics();
  const offsets = new OffsetTracker();
  offsets.assign([AT]);
  const collector = new Collector({ flushMs: 10, rows: 1_000, bytes: 64 * MIB, items: 1_000 });
  const client = connectClickHouse({ url: 'http://u:p@127.0.0.1:1', application: 'test' });
  const writer = createWriter({
    collector,
    preparer: new Preparer(3_600_000, new SeriesHasher()),
    store: new Store({ client, metrics, log, signal: giveUp.signal }),
    consumer: {
      offsets,
      assignment: () => [AT],
      joined: () => true,
      commit: () => Promise.resolve(true),
      quiesce: () => undefined,
      restart: nothing,
      start: nothing,
      stop: nothing,
    },
    producer: {
      start: nothing,
      stop: nothing,
      send(topic, messages) {
        if (refuses(messages)) return Promise.reject(new BellwetherError('message_invalid', 'too large'));
        sends.push({ topic, messages });
        return Promise.resolve();
      },
    },
    offsetReader: {
      start: nothing,
      stop: nothing,
      read: () => Promise.resolve([]),
      unreachable: () => Promise.resolve([]),
    },
    metrics,
    log,
    giveUp,
    onFatal: (error) => assert.fail(String(error)),
  });
  const take = takeIn({ collector, preparer: new Preparer(3_600_000, new SeriesHasher()), metrics });
  const run = async (messages: readonly ReceivedMessage[]) => {
    for (const message of messages) {
      offsets.delivered(message, message.offset);
      take(message);
    }
    await writer.start();
    try {
      await until('all was told of', () => offsets.outstanding === 0, 3_000);
    } finally {
      giveUp.abort();
      await writer.stop();
      await client.close();
    }
  };
  return { run, sends, metrics, offsets };
}

describe('writer and dead letters that Kafka refuses for their size', () => {
  it('sends many in chunks of 4 MiB, whole, and moves the offset', async () => {
    const { run, sends, metrics, offsets } = writerWith((messages) => bytesOf(messages) > LIMIT);
    const messages = Array.from({ length: 8 }, (_, offset) => garbage(offset, 1.5 * MIB));
    await run([...messages, garbage(8, 5 * MIB)]);
    const sizes = sends.map((one) => one.messages.length);
    assert.deepEqual(sizes, [2, 2, 2, 2, 1]);
    const values = sends.flatMap((one) => one.messages).map(({ value }) => value);
    assert.deepEqual(
      values.slice(0, 8),
      messages.map(({ value }) => value),
    );
    assert.deepEqual(offsets.toCommit(), [{ ...AT, offset: 9 }]);
    assert.doesNotMatch(await metrics.registry.metrics(), /dead_letters_truncated_total\{/);
  });

  it('tells of one that is too large alone by a stub, and goes on', async () => {
    const { run, sends, metrics, offsets } = writerWith((messages) => bytesOf(messages) > LIMIT);
    const large = {
      ...garbage(0, 11 * MIB),
      key: Buffer.alloc(2_000),
      headers: { big: Buffer.alloc(9_000) },
    };
    await run([large, garbage(1, 10)]);
    const [first, second] = sends.flatMap((one) => one.messages);
    const detail = first?.headers?.['bellwether.detail'];
    assert.ok(typeof detail === 'string' && detail.length > 0);
    assert.deepEqual(first, {
      key: null,
      value: new Uint8Array(),
      headers: {
        'bellwether.original.topic': 'signals.v1',
        'bellwether.original.partition': '0',
        'bellwether.original.offset': '0',
        'bellwether.original.timestamp': '5',
        'bellwether.original.bytes': String(11 * MIB),
        'bellwether.original.sha256': createHash('sha256')
          .update(large.value ?? '')
          .digest('hex'),
        'bellwether.reason': 'unreadable',
        'bellwether.detail': detail,
      },
    });
    assert.equal(second?.value?.byteLength, 10);
    assert.deepEqual(offsets.toCommit(), [{ ...AT, offset: 2 }]);
    const text = await metrics.registry.metrics();
    assert.match(text, /^bellwether_writer_dead_letters_total\{topic="signals.v1",reason="unreadable"\} 2$/m);
    assert.match(text, /^bellwether_writer_dead_letters_truncated_total\{topic="signals.v1"\} 1$/m);
  });

  it('sends each alone when a chunk is too large for a topic with a lower limit', async () => {
    const { run, sends, offsets } = writerWith((messages) => bytesOf(messages) > MIB);
    await run([garbage(0, 0.75 * MIB), garbage(1, 2 * MIB), garbage(2, 0.75 * MIB)]);
    const sizes = sends.flatMap((one) => one.messages).map(({ value }) => value?.byteLength);
    assert.deepEqual(sizes, [0.75 * MIB, 0, 0.75 * MIB]);
    assert.deepEqual(offsets.toCommit(), [{ ...AT, offset: 3 }]);
  });
});
