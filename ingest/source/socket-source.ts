import { connect, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { BellwetherError, messageOf } from '../../common/runtime/errors.js';
import type { Logger } from '../../common/runtime/log.js';
import { FrameType } from '../../common/wire/frames.gen.js';
import { FrameParser } from './frame-parser.js';
import { packFrame, type Frame } from './frame.js';
import type { FrameSource } from './source.js';

const FIRST_RETRY_MS = 50;
const LAST_RETRY_MS = 2_000;

/**
 * Frames from the loader's unix socket. It waits for the loader with a back-off of at most 2 s between
 * attempts; once connected, the end of the connection is the end of the frames: loader and agent are
 * started as a pair, because counters start from 0 with the loader.
 */
export class SocketSource implements FrameSource {
  readonly #path: string;
  readonly #log: Logger;
  readonly #closing = new AbortController();
  #socket: Socket | undefined;

  constructor(path: string, log: Logger) {
    this.#path = path;
    this.#log = log;
  }

  async *frames(): AsyncGenerator<Frame> {
    const socket = await this.#connect();
    if (socket === undefined) return;
    this.#socket = socket;
    const parser = new FrameParser();
    try {
      for await (const chunk of socket) {
        if (chunk instanceof Uint8Array) yield* parser.push(chunk);
      }
    } catch (error) {
      if (!this.#closing.signal.aborted) throw error;
    } finally {
      socket.destroy();
    }
    if (parser.pendingBytes > 0 && !this.#closing.signal.aborted) {
      throw new BellwetherError(
        'frame_invalid',
        `the loader's stream ended within a frame: ${parser.pendingBytes} bytes are left over`,
      );
    }
  }

  send(frame: Uint8Array): void {
    if (this.#socket?.writable === true) this.#socket.write(frame);
  }

  finish(): void {
    if (this.#socket === undefined) this.close();
    else this.send(packFrame(FrameType.Finish));
  }

  close(): void {
    this.#closing.abort();
    this.#socket?.destroy();
  }

  async #connect(): Promise<Socket | undefined> {
    const { signal } = this.#closing;
    for (let delay = FIRST_RETRY_MS; !signal.aborted; delay = Math.min(delay * 2, LAST_RETRY_MS)) {
      try {
        return await dial(this.#path, signal);
      } catch (error) {
        this.#log.debug({ path: this.#path, error: messageOf(error) }, 'the loader does not listen yet');
      }
      await sleep(delay, undefined, { signal }).catch(() => undefined);
    }
    return undefined;
  }
}

function dial(path: string, signal: AbortSignal): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect({ path });
    const give = (error: Error) => {
      socket.destroy();
      reject(error);
    };
    const abort = () => give(new Error('stopped'));
    socket.once('error', give);
    signal.addEventListener('abort', abort, { once: true });
    socket.once('connect', () => {
      signal.removeEventListener('abort', abort);
      socket.off('error', give);
      resolve(socket);
    });
  });
}
