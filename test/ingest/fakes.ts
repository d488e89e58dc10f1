import { once } from 'node:events';
import { createServer, type Server, type Socket } from 'node:net';
import type { OutgoingMessage } from '../../common/kafka/producer.js';
import { BellwetherError } from '../../common/runtime/errors.js';
import { createLogger } from '../../common/runtime/log.js';
import type { EventBatch, SignalBatch } from '../../common/wire/batch.js';
import {
  decodeFrameHeader,
  decodePrefixFrame,
  FRAME_HEADER_SIZE,
  FrameType,
  type PrefixFrame,
} from '../../common/wire/frames.gen.js';
import { decodeEventBatch, decodeSignalBatch } from '../../common/wire/otlp.js';
import { EVENTS_TOPIC, SIGNALS_TOPIC } from '../../schema/topics.js';

export const silentLog = createLogger('test', 'silent');

/** Kafka's place: keeps what it is sent, decoded; `away` makes it refuse. */
export class FakeProducer {
  readonly signals: SignalBatch[] = [];
  readonly events: EventBatch[] = [];
  readonly order: string[] = [];
  away = false;
  attempts = 0;

  send(topic: string, messages: readonly OutgoingMessage[]): Promise<void> {
    this.attempts += 1;
    if (this.away) return Promise.reject(new BellwetherError('kafka_unavailable', 'no answer from Kafka'));
    for (const { value } of messages) {
      this.order.push(topic);
      const bytes = value ?? new Uint8Array(0);
      if (topic === SIGNALS_TOPIC) this.signals.push(decodeSignalBatch(bytes));
      if (topic === EVENTS_TOPIC) this.events.push(decodeEventBatch(bytes));
    }
    return Promise.resolve();
  }

  stop(): Promise<void> {
    return Promise.resolve();
  }
}

/** The loader's place: listens at a unix socket, sends what it is told, and keeps what the agent says. */
export class FakeLoader {
  readonly path: string;
  readonly #server: Server;
  #socket: Socket | undefined;
  #received = Buffer.alloc(0);
  prefixes: PrefixFrame[] = [];
  commits = 0;
  finished = false;

  constructor(path: string) {
    this.path = path;
    this.#server = createServer((socket) => {
      this.#socket = socket;
      socket.on('error', () => undefined);
      socket.on('data', (chunk) => this.#take(chunk));
    });
  }

  async start(): Promise<void> {
    this.#server.listen(this.path);
    await once(this.#server, 'listening');
  }

  get connected(): boolean {
    return this.#socket !== undefined;
  }

  send(frames: readonly Uint8Array[]): void {
    for (const frame of frames) this.#socket?.write(frame);
  }

  end(): void {
    this.#socket?.end();
  }

  async stop(): Promise<void> {
    this.#socket?.destroy();
    this.#server.close();
    await once(this.#server, 'close');
  }

  #take(chunk: Buffer): void {
    this.#received = Buffer.concat([this.#received, chunk]);
    for (;;) {
      if (this.#received.length < FRAME_HEADER_SIZE) return;
      const view = new DataView(this.#received.buffer, this.#received.byteOffset, this.#received.byteLength);
      const header = decodeFrameHeader(view, 0);
      if (this.#received.length < FRAME_HEADER_SIZE + header.length) return;
      if (header.type === FrameType.Prefix) this.prefixes.push(decodePrefixFrame(view, FRAME_HEADER_SIZE));
      if (header.type === FrameType.PrefixCommit) this.commits += 1;
      if (header.type === FrameType.Finish) this.finished = true;
      this.#received = this.#received.subarray(FRAME_HEADER_SIZE + header.length);
    }
  }
}
