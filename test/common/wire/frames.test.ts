import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import fc from 'fast-check';
import * as frames from '../../../common/wire/frames.gen.js';

const root = fileURLToPath(new URL('../../../..', import.meta.url));
/** Plain objects, as the decoder makes them. */
function record<T>(model: { [K in keyof T]: fc.Arbitrary<T[K]> }): fc.Arbitrary<T> {
  return fc.record(model, { noNullPrototype: true });
}

const u8 = fc.integer({ min: 0, max: 0xff });
const u16 = fc.integer({ min: 0, max: 0xffff });
const u32 = fc.integer({ min: 0, max: 0xffff_ffff });
const u64 = fc.bigInt({ min: 0n, max: (1n << 64n) - 1n });
const address = fc.uint8Array({ minLength: 16, maxLength: 16 });
const u64s = (length: number): fc.Arbitrary<BigUint64Array> =>
  fc.bigUint64Array({ minLength: length, maxLength: length });
/** Text of at most so many bytes of UTF-8, without NUL, which ends it. */
const text = (bytes: number): fc.Arbitrary<string> =>
  fc
    .string({ unit: 'grapheme', maxLength: bytes })
    .filter((value) => !value.includes('\0') && Buffer.byteLength(value) <= bytes);

const subject = record({
  netnsCookie: u64,
  cgroupId: u64,
  ifindex: u32,
  prefixId: u32,
  ifname: text(frames.IFNAME_LEN),
});
const slot = { subject, slot: u32, generation: u32 };

/** Encodes at an odd offset among other bytes and reads back the same. */
function roundTrips<T>(
  name: string,
  size: number,
  arbitrary: fc.Arbitrary<T>,
  encode: (frame: T) => Uint8Array,
  decode: (view: DataView, offset: number) => T,
): void {
  test(`${name} round-trips`, () => {
    fc.assert(
      fc.property(arbitrary, fc.integer({ min: 0, max: 9 }), (frame, offset) => {
        const encoded = encode(frame);
        assert.equal(encoded.length, size);
        const bytes = new Uint8Array(offset + size).fill(0xa5);
        bytes.set(encoded, offset);
        assert.deepEqual(decode(new DataView(bytes.buffer), offset), frame);
        assert.throws(() => decode(new DataView(bytes.buffer, 0, offset + size - 1), offset), RangeError);
      }),
      { numRuns: 50 },
    );
  });
}

roundTrips(
  'FrameHeader',
  frames.FRAME_HEADER_SIZE,
  record({ length: u32, type: u16, abiVersion: u16 }),
  frames.encodeFrameHeader,
  frames.decodeFrameHeader,
);
roundTrips(
  'HelloFrame',
  frames.HELLO_FRAME_SIZE,
  record({
    hostNetnsCookie: u64,
    startUnixNs: u64,
    cpus: u32,
    windowMs: u32,
    kernelRelease: text(frames.RELEASE_LEN),
  }),
  frames.encodeHelloFrame,
  frames.decodeHelloFrame,
);
roundTrips(
  'ReasonFrame',
  frames.REASON_FRAME_SIZE,
  record({ id: u32, name: text(frames.REASON_NAME_LEN) }),
  frames.encodeReasonFrame,
  frames.decodeReasonFrame,
);
roundTrips(
  'NetnsFrame',
  frames.NETNS_FRAME_SIZE,
  record({ netnsCookie: u64, netnsInode: u32, gone: u8, path: text(frames.PATH_LEN) }),
  frames.encodeNetnsFrame,
  frames.decodeNetnsFrame,
);
roundTrips(
  'WindowFrame',
  frames.WINDOW_FRAME_SIZE,
  record({ sequence: u64, startUnixNs: u64, endUnixNs: u64, observedNs: u64 }),
  frames.encodeWindowFrame,
  frames.decodeWindowFrame,
);
roundTrips(
  'DropsFrame',
  frames.DROPS_FRAME_SIZE,
  record({ ...slot, reason: u32, place: u8, way: u8, packets: u64, bytes: u64 }),
  frames.encodeDropsFrame,
  frames.decodeDropsFrame,
);
roundTrips(
  'TcpFrame',
  frames.TCP_FRAME_SIZE,
  record({ ...slot, retransmits: u64, connectFailures: u64s(frames.CONNECT_ERRORS) }),
  frames.encodeTcpFrame,
  frames.decodeTcpFrame,
);
roundTrips(
  'HistogramFrame',
  frames.HISTOGRAM_FRAME_SIZE,
  record({
    ...slot,
    kind: u32,
    count: u64,
    zeroCount: u64,
    sumNs: u64,
    buckets: u64s(frames.HISTOGRAM_BUCKETS),
  }),
  frames.encodeHistogramFrame,
  frames.decodeHistogramFrame,
);
roundTrips(
  'LossFrame',
  frames.LOSS_FRAME_SIZE,
  record({ cause: u32, count: u64 }),
  frames.encodeLossFrame,
  frames.decodeLossFrame,
);
roundTrips(
  'DropEventFrame',
  frames.DROP_EVENT_FRAME_SIZE,
  record({
    timeUnixNs: u64,
    subject,
    reason: u32,
    place: u8,
    way: u8,
    ipVersion: u8,
    protocol: u8,
    sourceAddress: address,
    destinationAddress: address,
    sourcePort: u16,
    destinationPort: u16,
    lengthBytes: u32,
  }),
  frames.encodeDropEventFrame,
  frames.decodeDropEventFrame,
);
roundTrips(
  'PrefixFrame',
  frames.PREFIX_FRAME_SIZE,
  record({ id: u32, prefixLength: u32, address }),
  frames.encodePrefixFrame,
  frames.decodePrefixFrame,
);
roundTrips(
  'PrefixCommitFrame',
  frames.PREFIX_COMMIT_FRAME_SIZE,
  record({ count: u32 }),
  frames.encodePrefixCommitFrame,
  frames.decodePrefixCommitFrame,
);

test('text that is too long is cut, not written past its field', () => {
  const encoded = frames.encodeReasonFrame({ id: 7, name: 'ä'.repeat(frames.REASON_NAME_LEN) });
  const decoded = frames.decodeReasonFrame(new DataView(encoded.buffer), 0);
  assert.equal(decoded.name, 'ä'.repeat(frames.REASON_NAME_LEN / 2));
});

test('an array of the wrong length is refused', () => {
  const frame = { id: 1, prefixLength: 128, address: new Uint8Array(4) };
  assert.throws(() => frames.encodePrefixFrame(frame), RangeError);
});

const missing = ['clang', 'bpftool'].filter((tool) => spawnSync(tool, ['--version']).error !== undefined);
test(
  'frames.gen.ts is what abi.h says now',
  { skip: missing.length > 0 && `needs ${missing.join(' and ')}, which this machine does not have` },
  () => {
    const generator = join(root, 'tools/generate-frames.mjs');
    const fresh = execFileSync(process.execPath, [generator, '--stdout'], { encoding: 'utf8' });
    const stored = readFileSync(join(root, 'common/wire/frames.gen.ts'), 'utf8');
    assert.equal(stored, fresh, 'run: node tools/generate-frames.mjs');
  },
);
