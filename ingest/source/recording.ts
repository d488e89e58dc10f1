import { createReadStream, createWriteStream } from 'node:fs';
import { once } from 'node:events';
import type { Writable } from 'node:stream';
import { finished, pipeline } from 'node:stream/promises';
import { constants, createGunzip, createGzip, type Gzip } from 'node:zlib';
import { BellwetherError, messageOf } from '../../common/runtime/errors.js';
import { FrameParser } from './frame-parser.js';
import type { Frame } from './frame.js';

/**
 * A recording: the line `BWREC1`, then for each frame its arrival (u64, little endian, Unix nanoseconds) and
 * its bytes as they came. Gzipped when the name ends in `.gz`. It ends after a whole window, so that it can loop.
 */
const MAGIC = Buffer.from('BWREC1\n');
const ARRIVAL_BYTES = 8;
/** A recording is held in memory to be replayed. */
const MAX_RECORDING_BYTES = 256 * 1024 * 1024;

export interface RecordedFrame {
  readonly arrivalUnixNs: bigint;
  readonly frame: Frame;
}

interface OpenFile {
  readonly out: Writable;
  readonly gzip: Gzip | undefined;
  /** Resolves when all is in the file; rejects when that failed. */
  readonly done: Promise<void>;
}

/** Writes frames to a file until `maxBytes` (before compression) are reached, then stops at the window's end. */
export class Recorder {
  readonly #path: string;
  readonly #maxBytes: number;
  #file: OpenFile | undefined;
  #bytes = 0;
  #closed = false;

  constructor(path: string, maxBytes: number) {
    this.#path = path;
    this.#maxBytes = maxBytes;
  }

  /**
   * @returns false once the file has its size: the rest is not recorded
   * @throws whatever the file system does, once; after it nothing is recorded
   */
  async write(frame: Frame, arrivalUnixNs: bigint): Promise<boolean> {
    if (this.#closed) return false;
    const { out, gzip, done } = (this.#file ??= open(this.#path));
    const arrival = Buffer.alloc(ARRIVAL_BYTES);
    arrival.writeBigUInt64LE(arrivalUnixNs);
    this.#bytes += ARRIVAL_BYTES + frame.raw.length;
    const ready = out.write(Buffer.concat([arrival, frame.raw]));
    if (out.destroyed || !ready) await this.#ready(out, done);
    if (frame.type !== 'window_end') return true;
    // So that a crash leaves whole windows in the file.
    gzip?.flush(constants.Z_SYNC_FLUSH);
    if (this.#bytes < this.#maxBytes) return true;
    await this.close();
    return false;
  }

  /** @throws whatever the file system does */
  async close(): Promise<void> {
    this.#closed = true;
    const file = this.#file;
    this.#file = undefined;
    file?.out.end();
    await file?.done;
  }

  async #ready(out: Writable, done: Promise<void>): Promise<void> {
    try {
      await Promise.race([once(out, 'drain'), done]);
    } catch (error) {
      this.#closed = true;
      this.#file = undefined;
      throw error;
    }
  }
}

function open(path: string): OpenFile {
  const file = createWriteStream(path, { mode: 0o640 });
  const gzip = path.endsWith('.gz') ? createGzip() : undefined;
  const done = gzip === undefined ? finished(file) : pipeline(gzip, file);
  // Told to whoever writes next; without a handler here it would end the process at once.
  done.catch(() => undefined);
  const out = gzip ?? file;
  out.write(MAGIC);
  return { out, gzip, done };
}

/**
 * Reads a whole recording; a last frame or gzip block that is cut (the recorder was killed) is left out.
 * @throws BellwetherError `config_invalid` when it is not a recording, `frame_invalid` when a frame is not readable
 */
export async function readRecording(path: string): Promise<RecordedFrame[]> {
  const bytes = await readAll(path);
  if (!bytes.subarray(0, MAGIC.length).equals(MAGIC)) {
    throw new BellwetherError(
      'config_invalid',
      `${path} is not a recording of frames: it does not begin with BWREC1`,
    );
  }
  const frames: RecordedFrame[] = [];
  const parser = new FrameParser();
  let at = MAGIC.length;
  while (at + ARRIVAL_BYTES + 4 <= bytes.length) {
    const arrivalUnixNs = bytes.readBigUInt64LE(at);
    at += ARRIVAL_BYTES;
    // The header says how long the frame is, and the parser then that it is sound.
    const end = at + 8 + bytes.readUInt32LE(at);
    if (end > bytes.length) break;
    for (const frame of parser.push(bytes.subarray(at, end))) frames.push({ arrivalUnixNs, frame });
    at = end;
  }
  return frames;
}

async function readAll(path: string): Promise<Buffer> {
  const file = createReadStream(path);
  // Z_SYNC_FLUSH at the end: a file without gzip's trailer gives what it holds.
  const stream = path.endsWith('.gz')
    ? file.pipe(createGunzip({ finishFlush: constants.Z_SYNC_FLUSH }))
    : file;
  const failed = once(file, 'error').then(([error]) => Promise.reject(new Error(messageOf(error))));
  failed.catch(() => stream.destroy());
  const chunks: Buffer[] = [];
  let size = 0;
  try {
    for await (const chunk of stream) {
      if (!Buffer.isBuffer(chunk)) continue;
      chunks.push(chunk);
      size += chunk.length;
      if (size > MAX_RECORDING_BYTES) {
        throw new BellwetherError(
          'config_invalid',
          `${path} is larger than ${MAX_RECORDING_BYTES} bytes unpacked`,
        );
      }
    }
  } catch (error) {
    if (error instanceof BellwetherError) throw error;
    throw new BellwetherError('config_invalid', `the recording ${path} cannot be read: ${messageOf(error)}`);
  }
  return Buffer.concat(chunks);
}
