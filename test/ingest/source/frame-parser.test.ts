import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { BellwetherError } from '../../../common/runtime/errors.js';
import { FrameType, LossCause } from '../../../common/wire/frames.gen.js';
import { FrameParser } from '../../../ingest/source/frame-parser.js';
import { packFrame } from '../../../ingest/source/frame.js';
import * as frames from '../frames.js';

const STREAM = frames.concat([
  frames.hello(),
  ...frames.reasons(),
  frames.netns('/run/netns/acme', 7n),
  frames.window('begin', 0),
  frames.drops({ packets: 50 }),
  frames.tcp(frames.subject(), 3, [1, 0, 0, 0]),
  frames.histogram(frames.subject(), { [-50]: 2 }, 20),
  frames.loss(LossCause.DropMapFull, 0),
  frames.dropEvent(frames.subject()),
  frames.window('end', 0),
]);
const TYPES = [
  'hello',
  'reason',
  'reason',
  'reason',
  'netns',
  'window_begin',
  'drops',
  'tcp',
  'histogram',
  'loss',
  'drop_event',
  'window_end',
];

function drain(parser: FrameParser, bytes: Uint8Array): number {
  return [...parser.push(bytes)].length;
}

function refusal(bytes: Uint8Array): string {
  try {
    drain(new FrameParser(), bytes);
  } catch (error) {
    assert.ok(error instanceof BellwetherError && error.code === 'frame_invalid', String(error));
    return error.message;
  }
  return assert.fail('was taken');
}

describe('the frame parser', () => {
  test('reads the same frames however the stream is cut', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: 700 }), { minLength: 1 }), (sizes) => {
        const parser = new FrameParser();
        const types: string[] = [];
        for (let at = 0, i = 0; at < STREAM.length; i++) {
          const end = Math.min(STREAM.length, at + sizes[i % sizes.length]!);
          for (const frame of parser.push(STREAM.subarray(at, end))) types.push(frame.type);
          at = end;
        }
        assert.deepEqual(types, TYPES);
        assert.equal(parser.pendingBytes, 0);
      }),
    );
  });

  test('byte by byte, and each frame comes with its own bytes', () => {
    const parser = new FrameParser();
    const raw = [...STREAM].flatMap((byte) =>
      [...parser.push(Uint8Array.of(byte))].map((frame) => frame.raw),
    );
    assert.deepEqual(frames.concat(raw), STREAM);
  });

  test('random bytes: nothing but frame_invalid, and no more held back than one frame', () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 400 }), { maxLength: 8 }), (chunks) => {
        const parser = new FrameParser();
        try {
          for (const chunk of chunks) drain(parser, chunk);
        } catch (error) {
          assert.ok(error instanceof BellwetherError && error.code === 'frame_invalid', String(error));
        }
        assert.ok(parser.pendingBytes <= 4_096);
      }),
      { numRuns: 500 },
    );
  });

  test('a sound stream with one byte changed: frames or frame_invalid', () => {
    fc.assert(
      fc.property(fc.nat(STREAM.length - 1), fc.nat(255), (at, value) => {
        const changed = Uint8Array.from(STREAM);
        changed[at] = value;
        try {
          drain(new FrameParser(), changed);
        } catch (error) {
          assert.ok(error instanceof BellwetherError && error.code === 'frame_invalid', String(error));
        }
      }),
      { numRuns: 500 },
    );
  });

  test('says where, which type, and what was expected', () => {
    const wrongLength = packFrame(FrameType.Drops, new Uint8Array(71));
    assert.match(
      refusal(frames.concat([frames.hello(), wrongLength])),
      /at byte 96 of the stream, type 5: 71 bytes, 72 were expected/,
    );
    assert.match(refusal(packFrame(FrameType.Finish)), /type 130: the loader sends no frame of this type/);
    const otherVersion = frames.hello();
    otherVersion[6] = 9;
    assert.match(refusal(otherVersion), /layout version 9, this agent reads 1/);
    const huge = frames.hello();
    huge.set([255, 255, 255, 255]);
    assert.match(refusal(huge), /4294967295 bytes, 88 were expected/);
  });
});
