import type { IncomingMessage } from 'node:http';
import { pipeline, type Readable, type Transform } from 'node:stream';
import { createBrotliDecompress, createGunzip, createInflate } from 'node:zlib';
import { refusal, StoreError } from '../errors.js';
import { messageOf } from '../../../common/runtime/errors.js';

const DECODERS: Readonly<Record<string, () => Transform>> = {
  gzip: createGunzip,
  'x-gzip': createGunzip,
  deflate: createInflate,
  br: createBrotliDecompress,
};

/** How long a client may send nothing in the middle of a body: it holds a place in a lane, milliseconds. */
const SILENCE_MS = 60_000;

/**
 * A request body, decompressed, in pieces as they come: whoever does not ask for the next piece holds the
 * sender back. It never holds more than one piece.
 */
export class Body {
  readonly #pieces: AsyncIterator<unknown>;
  #taken = 0;

  /** @throws StoreError when the encoding is unknown */
  constructor(
    request: IncomingMessage,
    private readonly limitBytes: number,
  ) {
    this.#pieces = decoded(request)[Symbol.asyncIterator]();
  }

  /** Uncompressed bytes taken so far. */
  get taken(): number {
    return this.#taken;
  }

  /** The next piece, undefined at the end. @throws StoreError when it is too long, broken or broken off */
  async next(): Promise<Buffer | undefined> {
    const piece = await within(SILENCE_MS, this.#pieces.next()).catch((error: unknown) => {
      throw error instanceof StoreError
        ? error
        : refusal(
            'INCORRECT_DATA',
            `The request body broke off or cannot be decompressed: ${messageOf(error)}`,
          );
    });
    if (piece.done === true) return undefined;
    if (!Buffer.isBuffer(piece.value)) throw refusal('INCORRECT_DATA', 'The request body is not binary');
    this.#taken += piece.value.length;
    if (this.#taken > this.limitBytes) {
      throw refusal('TOO_MANY_BYTES', `The request body is longer than ${this.limitBytes} bytes`);
    }
    return piece.value;
  }

  /** All that is left, at most `limit` bytes. */
  async rest(limit: number): Promise<Buffer> {
    const pieces: Buffer[] = [];
    let length = 0;
    for (let piece = await this.next(); piece !== undefined; piece = await this.next()) {
      pieces.push(piece);
      length += piece.length;
      if (length > limit) throw refusal('TOO_MANY_BYTES', `The statement is longer than ${limit} bytes`);
    }
    return Buffer.concat(pieces);
  }
}

async function within<T>(limitMs: number, work: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    const error = refusal('SOCKET_TIMEOUT', `The client sent nothing for ${limitMs / 1_000} s`);
    timer = setTimeout(() => reject(error), limitMs);
  });
  return Promise.race([work, late]).finally(() => clearTimeout(timer));
}

function decoded(request: IncomingMessage): Readable {
  const encoding = (request.headers['content-encoding'] ?? 'identity').toLowerCase();
  if (encoding === 'identity' || encoding === '') return request;
  const decoder = DECODERS[encoding];
  if (decoder === undefined) {
    throw refusal(
      'UNKNOWN_COMPRESSION_METHOD',
      `The store does not take Content-Encoding ${encoding.slice(0, 40)}: use gzip, deflate, br or none`,
    );
  }
  const stream = decoder();
  // Errors reach the reader through the stream itself.
  pipeline(request, stream, () => undefined);
  return stream;
}

/**
 * Reads what a client still sends and forgets it, so that the client comes to read the error that was
 * answered; one that sends on and on loses its connection.
 */
export function discard(request: IncomingMessage, limitBytes: number): void {
  if (request.complete || request.destroyed) return;
  let left = limitBytes;
  request.unpipe();
  request.on('data', (piece: Buffer) => {
    left -= piece.length;
    if (left < 0) request.destroy();
  });
  request.resume();
}
