import { promisify } from 'node:util';
import { gzip, gunzip } from 'node:zlib';
import { Decompress } from 'fzstd';
import kafkajs from 'kafkajs';
import { uncompress } from 'snappyjs';

/**
 * Message sets of every codec that Kafka has can be read; KafkaJS knows gzip alone. Which packages, and why:
 * docs/decisions/0007. We ourselves write gzip. Each codec stops before it unpacks more than the limit: a set
 * of a few KiB can be packed from gigabytes, and whoever may write to the topic decides what is in it.
 */

/** Unpacked bytes of one message set. The largest that a topic takes (10 MiB packed) shrinks 5 to 20 times. */
export const MAX_UNPACKED_BYTES = 128 * 1024 * 1024;

interface Encoder {
  readonly buffer: Buffer;
}
/** What KafkaJS asks of a codec. */
export interface Codec {
  compress(encoder: Encoder): Promise<Buffer>;
  decompress(packed: Buffer): Promise<Buffer>;
}

const pack = promisify(gzip);
const unpack = promisify(gunzip);

export const gzipCodec: Codec = {
  compress: ({ buffer }) => pack(buffer),
  decompress: (packed) => unpack(packed, { maxOutputLength: MAX_UNPACKED_BYTES }),
};

export const snappyCodec: Codec = {
  compress: notWritten('snappy'),
  // Promises catch what is thrown.
  decompress: (packed) => Promise.resolve().then(() => unpackSnappy(packed)),
};

export const lz4Codec: Codec = {
  compress: notWritten('lz4'),
  decompress: async (packed) => {
    refuseTooLarge('lz4', boundOfLz4(packed));
    // Loaded with the first such set: it is a native module, and where it has no build all else still runs.
    const { decompressFrame } = await import('lz4-napi');
    return await decompressFrame(packed);
  },
};

export const zstdCodec: Codec = {
  compress: notWritten('zstd'),
  decompress: (packed) => Promise.resolve().then(() => unpackZstd(packed)),
};

/** Makes the codecs known to KafkaJS; again is no harm. */
export function registerCodecs(): void {
  const { CompressionCodecs, CompressionTypes } = kafkajs;
  CompressionCodecs[CompressionTypes.GZIP] = () => gzipCodec;
  CompressionCodecs[CompressionTypes.Snappy] = () => snappyCodec;
  CompressionCodecs[CompressionTypes.LZ4] = () => lz4Codec;
  CompressionCodecs[CompressionTypes.ZSTD] = () => zstdCodec;
}

function notWritten(name: string): Codec['compress'] {
  return () => Promise.reject(new Error(`${name} is read here, not written; right would be gzip`));
}

function refuseTooLarge(name: string, bytes: number): void {
  if (bytes <= MAX_UNPACKED_BYTES) return;
  throw new RangeError(`a message set packed with ${name} unpacks to more than ${MAX_UNPACKED_BYTES} bytes`);
}

/** snappy-java's frame, which every Java client writes: this, two versions, then chunks behind their length. */
const XERIAL_MAGIC = Buffer.from([0x82, 0x53, 0x4e, 0x41, 0x50, 0x50, 0x59, 0x00]);
const XERIAL_HEADER_BYTES = 16;

function unpackSnappy(packed: Buffer): Buffer {
  if (!packed.subarray(0, XERIAL_MAGIC.length).equals(XERIAL_MAGIC)) {
    return asBuffer(uncompress(packed, MAX_UNPACKED_BYTES));
  }
  const chunks: Buffer[] = [];
  let bytes = 0;
  for (let at = XERIAL_HEADER_BYTES; at < packed.length;) {
    const end = at + 4 + packed.readUInt32BE(at);
    if (end > packed.length) throw new RangeError('a snappy chunk ends beyond the message set');
    const chunk = asBuffer(uncompress(packed.subarray(at + 4, end), MAX_UNPACKED_BYTES));
    bytes += chunk.length;
    refuseTooLarge('snappy', bytes);
    chunks.push(chunk);
    at = end;
  }
  return Buffer.concat(chunks);
}

const LZ4_BLOCK_BYTES: Readonly<Record<number, number>> = {
  4: 65_536,
  5: 262_144,
  6: 1_048_576,
  7: 4_194_304,
};
const LZ4_UNPACKED = 0x8000_0000;

/** What an LZ4 frame unpacks to at most, by its blocks' number and size; the package itself has no limit. */
function boundOfLz4(packed: Buffer): number {
  // Magic, flags, block size.
  const flags = packed.readUInt8(4);
  const largest = LZ4_BLOCK_BYTES[(packed.readUInt8(5) >> 4) & 7];
  if (largest === undefined) throw new RangeError('not an LZ4 frame: there is no such block size');
  const hasChecksums = (flags & 0x10) !== 0;
  const hasSize = (flags & 0x08) !== 0;
  let bound = 0;
  for (let at = 7 + (hasSize ? 8 : 0); ;) {
    const size = packed.readUInt32LE(at);
    if (size === 0) return bound;
    bound += largest;
    at += 4 + (size & ~LZ4_UNPACKED) + (hasChecksums ? 4 : 0);
  }
}

/** What a frame says it needs at once; the package allocates it before it unpacks a byte. */
function windowOfZstd(packed: Buffer): number {
  const descriptor = packed.readUInt8(4);
  const isSingle = (descriptor & 0x20) !== 0;
  if (!isSingle) {
    const window = packed.readUInt8(5);
    const base = 2 ** (10 + (window >> 3));
    return base + (base / 8) * (window & 7);
  }
  // Then it is the content's size, in 1, 2, 4 or 8 bytes behind the dictionary's id.
  const at = 5 + ([0, 1, 2, 4][descriptor & 3] ?? 0);
  const sizes = [
    () => packed.readUInt8(at),
    () => packed.readUInt16LE(at) + 256,
    () => packed.readUInt32LE(at),
    () => Number(packed.readBigUInt64LE(at)),
  ];
  return sizes[descriptor >> 6]?.() ?? 0;
}

function unpackZstd(packed: Buffer): Buffer {
  refuseTooLarge('zstd', windowOfZstd(packed));
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  const stream = new Decompress((chunk) => {
    bytes += chunk.length;
    refuseTooLarge('zstd', bytes);
    chunks.push(chunk);
  });
  stream.push(packed, true);
  return Buffer.concat(chunks);
}

function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
