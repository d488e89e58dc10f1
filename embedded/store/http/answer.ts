import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Writable } from 'node:stream';
import { createGzip, constants } from 'node:zlib';
import { engineError, type StoreError } from '../errors.js';
import { discard } from './body.js';

/** Bytes of a refused body that are read all the same. */
const DISCARDED_BYTES = 256 * 1_048_576;

/** How long a client may take nothing of a waiting answer: it holds a place in a lane, milliseconds. */
const SILENCE_MS = 60_000;

/** One HTTP answer: nothing is sent before the first byte is known, so that an early error has its status. */
export class Answer {
  #sink: Writable | undefined;

  constructor(
    private readonly request: IncomingMessage,
    private readonly response: ServerResponse,
    private readonly mayCompress: boolean,
  ) {}

  get begun(): boolean {
    return this.response.headersSent;
  }

  /** Sends the status line and headers. */
  begin(headers: Readonly<Record<string, string>>): void {
    for (const [name, value] of Object.entries(headers)) this.response.setHeader(name, value);
    this.response.statusCode = 200;
    if (!this.mayCompress || !accepts(this.request, 'gzip')) {
      this.#sink = this.response;
      return;
    }
    this.response.setHeader('Content-Encoding', 'gzip');
    this.response.setHeader('Vary', 'Accept-Encoding');
    const gzip = createGzip({ level: 3, flush: constants.Z_NO_FLUSH });
    gzip.on('error', () => this.response.destroy());
    gzip.pipe(this.response);
    this.#sink = gzip;
  }

  /** Resolves when the client has taken enough for more to be worth while, or has gone. */
  async write(bytes: Uint8Array): Promise<void> {
    const sink = this.#sink;
    if (sink === undefined) throw new Error('write before begin');
    if (this.response.destroyed || sink.write(bytes)) return;
    await new Promise<void>((resolve) => {
      const late = setTimeout(() => this.response.destroy(), SILENCE_MS);
      const done = () => {
        clearTimeout(late);
        sink.off('drain', done);
        this.response.off('close', done);
        resolve();
      };
      sink.once('drain', done);
      this.response.once('close', done);
    });
  }

  /** Resolves when the last byte has been handed to the socket. */
  async end(): Promise<void> {
    const late = setTimeout(() => this.response.destroy(), SILENCE_MS);
    const finished = new Promise<void>((resolve) => {
      if (this.response.destroyed) resolve();
      this.response.once('close', resolve).once('finish', resolve);
    });
    (this.#sink ?? this.response).end();
    await finished;
    clearTimeout(late);
  }

  /**
   * Answers with an error. After the first byte the socket is destroyed: a short result must not look whole.
   * @returns what was answered
   */
  fail(thrown: unknown): StoreError {
    const error = engineError(thrown);
    if (this.begun) {
      this.response.destroy();
      return error;
    }
    this.response.removeHeader('Content-Encoding');
    this.response.statusCode = error.status;
    this.response.setHeader('Content-Type', 'text/plain; charset=UTF-8');
    this.response.setHeader('X-ClickHouse-Exception-Code', String(error.code));
    this.response.end(error.text);
    discard(this.request, DISCARDED_BYTES);
    return error;
  }
}

/** Whether the client takes this coding (`gzip;q=0` does not). */
export function accepts(request: IncomingMessage, coding: string): boolean {
  const header = request.headers['accept-encoding'];
  if (typeof header !== 'string') return false;
  return header.split(',').some((part) => {
    const [name, ...parameters] = part.trim().toLowerCase().split(';');
    return name?.trim() === coding && !parameters.some((parameter) => /^\s*q=0(\.0*)?\s*$/.test(parameter));
  });
}
