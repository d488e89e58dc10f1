import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { gzipSync } from 'node:zlib';
import { compressFrameSync } from 'lz4-napi';
import { pino } from 'pino';
import { compress as snappyBlock } from 'snappyjs';
import { createKafka } from '../../../common/kafka/client.js';
import {
  gzipCodec,
  lz4Codec,
  MAX_UNPACKED_BYTES,
  snappyCodec,
  zstdCodec,
} from '../../../common/kafka/codecs.js';
import { createGroupConsumer } from '../../../common/kafka/consumer.js';
import { createProducer } from '../../../common/kafka/producer.js';
import { defaultJarsDir } from '../../../embedded/kafka/broker.js';
import { startBroker, type RunningBroker } from '../../../embedded/kafka/process.js';
import { freePort } from '../../support/ports.js';
import { until } from '../../support/until.js';

const MIB = 1024 * 1024;
const log = pino({ level: 'silent' });
const CODECS = ['gzip', 'snappy', 'lz4', 'zstd'] as const;

/**
 * The broker packs anew what comes for a topic with a codec of its own, with the code that Java's producers
 * pack with (org.apache.kafka.common.compress): snappy-java's frames, LZ4 frames of independent blocks, zstd-jni.
 */
describe('message sets that Java packed', () => {
  let directory: string;
  let broker: RunningBroker;
  before(async () => {
    directory = await mkdtemp(join(tmpdir(), 'bellwether-codecs-'));
    const [port, controllerPort] = [await freePort(), await freePort()];
    const options = { home: directory, jarsDir: defaultJarsDir(), port, controllerPort };
    broker = await startBroker({ ...options, listenHost: '127.0.0.1' }, log);
    const admin = createKafka({ brokers: broker.brokers, clientId: 'test', log }).admin();
    await admin.connect();
    await admin.createTopics({
      waitForLeaders: true,
      topics: CODECS.map((codec) => ({
        topic: codec,
        configEntries: [
          { name: 'compression.type', value: codec },
          { name: 'max.message.bytes', value: String(8 * MIB) },
        ],
      })),
    });
    await admin.disconnect();
  });
  after(async () => {
    await broker.stop();
    await rm(directory, { recursive: true, force: true });
  });

  it('are read, whatever the codec: many messages in one set, empty, large and random ones', async () => {
    const texts = Array.from({ length: 500 }, (_, i) => Buffer.from(`message ${i}`));
    const values = [
      ...texts,
      Buffer.alloc(0),
      Buffer.alloc(3 * MIB, 'a measurement of some host; '),
      randomBytes(2 * MIB),
    ];
    const producer = createProducer({
      brokers: broker.brokers,
      clientId: 'test',
      log,
      maxMessageBytes: 8 * MIB,
      compression: 'none',
    });
    for (const codec of CODECS) {
      await producer.send(
        codec,
        values.map((value) => ({ key: null, value, headers: { of: codec } })),
      );
    }
    await producer.stop();
    const read = new Map<string, Buffer[]>(CODECS.map((codec) => [codec, []]));
    const consumer = createGroupConsumer({
      brokers: broker.brokers,
      clientId: 'test',
      log,
      groupId: 'codecs',
      topics: CODECS,
      roomFor: () => undefined,
      onMessage: ({ topic, value, headers }) => {
        assert.equal(Buffer.from(headers['of'] ?? []).toString(), topic);
        read.get(topic)?.push(Buffer.from(value ?? []));
      },
      onFatal: (error) => assert.fail(error),
    });
    await consumer.start();
    const isAll = () => [...read.values()].every(({ length }) => length >= values.length);
    await until('all was read', isAll, 30_000);
    await consumer.stop();
    for (const [codec, found] of read) {
      assert.equal(found.length, values.length, codec);
      assert.ok(
        found.every((value, i) => value.equals(values[i]!)),
        codec,
      );
    }
  });
});

/** Blocks that say "one byte, so many times": the format's own bomb. */
function zstdOfZeros(bytes: number): Buffer {
  const block = 128 * 1024;
  const blocks = Math.ceil(bytes / block);
  // Magic; no size and no checksum; a window of 1 MiB.
  const head = Buffer.from([0x28, 0xb5, 0x2f, 0xfd, 0x00, 0x50]);
  const body = Buffer.alloc(blocks * 4);
  for (let i = 0; i < blocks; i += 1) {
    const isLast = i === blocks - 1 ? 1 : 0;
    body.writeUIntLE((block << 3) | (1 << 1) | isLast, i * 4, 3);
  }
  return Buffer.concat([head, body]);
}

function xerial(...chunks: Buffer[]): Buffer {
  const header = Buffer.from([0x82, 0x53, 0x4e, 0x41, 0x50, 0x50, 0x59, 0, 0, 0, 0, 1, 0, 0, 0, 1]);
  const framed = chunks.flatMap((chunk) => {
    const length = Buffer.alloc(4);
    length.writeUInt32BE(chunk.length);
    return [length, chunk];
  });
  return Buffer.concat([header, ...framed]);
}

describe('codecs', () => {
  const content = Buffer.concat([Buffer.alloc(100_000, 'x'), randomBytes(1_000)]);
  const zeros = Buffer.alloc(MAX_UNPACKED_BYTES / 4);
  const cases = [
    ['gzip', gzipCodec, gzipSync(content), gzipSync(Buffer.alloc(MAX_UNPACKED_BYTES + 1))],
    [
      'snappy in one block, as librdkafka packs',
      snappyCodec,
      snappyBlock(content),
      Buffer.from([0xff, 0xff, 0xff, 0xff, 0x07]),
    ],
    [
      "snappy in snappy-java's chunks",
      snappyCodec,
      xerial(snappyBlock(content.subarray(0, 7)), snappyBlock(content.subarray(7))),
      xerial(...Array.from({ length: 5 }, () => snappyBlock(zeros))),
    ],
    [
      'lz4',
      lz4Codec,
      compressFrameSync(content, { contentChecksum: true, blockChecksums: true }),
      compressFrameSync(Buffer.alloc(MAX_UNPACKED_BYTES + 4 * MIB)),
    ],
    ['zstd', zstdCodec, undefined, zstdOfZeros(MAX_UNPACKED_BYTES + 1)],
  ] as const;
  for (const [name, codec, packed, bomb] of cases) {
    it(`${name}: unpacks, and no further than the limit`, async () => {
      if (packed !== undefined) assert.ok((await codec.decompress(packed)).equals(content));
      assert.ok(bomb.length < MAX_UNPACKED_BYTES / 10, 'it is small');
      await assert.rejects(codec.decompress(bomb), /unpacks to more|larger than|too big/i);
      await assert.rejects(codec.decompress(Buffer.from('neither of them at all')));
    });
  }

  it('zstd that asks for too large a window is refused before it gets it', async () => {
    const wide = zstdOfZeros(MIB);
    wide[5] = 21 << 3; // 2 GiB
    await assert.rejects(zstdCodec.decompress(wide), /unpacks to more/);
    const single = Buffer.from([0x28, 0xb5, 0x2f, 0xfd, 0xa0, 0, 0, 0, 0x7f, 1, 0, 0]);
    await assert.rejects(zstdCodec.decompress(single), /unpacks to more/);
  });

  it('zstd that stays within the limit is whole', async () => {
    assert.ok((await zstdCodec.decompress(zstdOfZeros(MIB))).equals(Buffer.alloc(MIB)));
  });

  it('that are read only say so', async () => {
    for (const codec of [snappyCodec, lz4Codec, zstdCodec]) {
      await assert.rejects(codec.compress({ buffer: content }), /right would be gzip/);
    }
    assert.ok((await gzipCodec.decompress(await gzipCodec.compress({ buffer: content }))).equals(content));
  });
});
