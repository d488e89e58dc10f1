import { setTimeout as sleep } from 'node:timers/promises';
import type { Producer } from '../../common/kafka/producer.js';
import type { Component } from '../../common/runtime/component.js';
import { BellwetherError, messageOf } from '../../common/runtime/errors.js';
import type { Logger } from '../../common/runtime/log.js';
import { sendAttributes, spansOf, withTrace } from '../../common/telemetry/telemetry.js';
import { EVENTS_TOPIC, SIGNALS_TOPIC } from '../../schema/topics.js';
import type { Parcel } from './batch-builder.js';
import type { ShipQueue } from './queue.js';

const inSpan = spansOf('ingest');
const FIRST_RETRY_MS = 200;
const LAST_RETRY_MS = 5_000;
/** How long a stop waits for what is queued; the process ends a little later in any case. */
const FLUSH_LIMIT_MS = 10_000;

export interface ShipperEvents {
  readonly onShipped: (parcel: Parcel) => void;
  readonly onFailed: () => void;
}

/** Sends the queue's batches in order, one at a time, and tries each until Kafka has it. */
export class Shipper implements Component {
  readonly #queue: ShipQueue;
  readonly #producer: Pick<Producer, 'send'>;
  readonly #log: Logger;
  readonly #events: ShipperEvents;
  readonly #flushLimitMs: number;
  readonly #stopped = new AbortController();
  #wake: () => void = () => undefined;
  #idle: () => void = () => undefined;
  #stopping = false;
  #running: Promise<void> = Promise.resolve();
  #failures = 0;

  constructor(
    queue: ShipQueue,
    producer: Pick<Producer, 'send'>,
    log: Logger,
    events: ShipperEvents,
    flushLimitMs = FLUSH_LIMIT_MS,
  ) {
    this.#queue = queue;
    this.#producer = producer;
    this.#log = log;
    this.#events = events;
    this.#flushLimitMs = flushLimitMs;
  }

  start(): Promise<void> {
    this.#running = this.#run();
    return Promise.resolve();
  }

  /** Sends what is queued, as long as the limit allows; what is left then is said in the log. */
  async stop(): Promise<void> {
    this.#stopping = true;
    this.#wake();
    const limit = new AbortController();
    const late = sleep(this.#flushLimitMs, undefined, { signal: limit.signal }).catch(() => undefined);
    // An attempt that is under way may take longer than the limit; it is not waited for.
    await Promise.race([this.#running, late]);
    limit.abort();
    this.#stopped.abort();
    if (this.#queue.length > 0) {
      this.#log.error(
        { batches: this.#queue.length },
        'Kafka did not answer: these batches are lost with this stop',
      );
    }
  }

  /** Takes a batch; resolves at once, for Kafka may be away. */
  ship(parcel: Parcel): void {
    this.#queue.push(parcel);
    this.#wake();
  }

  /** Resolves when the queue is empty. */
  async drained(): Promise<void> {
    while (this.#queue.length > 0 && !this.#stopped.signal.aborted) {
      await new Promise<void>((resolve) => {
        this.#idle = resolve;
      });
    }
  }

  /** Failed attempts since the last success: above 0 the queue is what holds the data. */
  get failures(): number {
    return this.#failures;
  }

  async #run(): Promise<void> {
    while (!this.#stopped.signal.aborted) {
      const parcel = this.#queue.next();
      if (parcel !== undefined) {
        await this.#sendUntilTaken(parcel);
        continue;
      }
      this.#idle();
      if (this.#stopping) return;
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
    this.#idle();
  }

  async #sendUntilTaken(parcel: Parcel): Promise<void> {
    const { signal } = this.#stopped;
    for (let delay = FIRST_RETRY_MS; !signal.aborted; delay = Math.min(delay * 2, LAST_RETRY_MS)) {
      try {
        await this.#send(parcel);
        if (this.#failures > 0) this.#log.info({ queued: this.#queue.length }, 'Kafka takes batches again');
        this.#failures = 0;
        this.#queue.shipped();
        this.#events.onShipped(parcel);
        return;
      } catch (error) {
        if (error instanceof BellwetherError && error.code === 'message_invalid') {
          this.#log.error(
            { error: messageOf(error), seq: parcel.identity.seq },
            'a batch was refused and is lost',
          );
          this.#queue.refused('message_refused');
          return;
        }
        this.#failures += 1;
        this.#events.onFailed();
        this.#log.warn(
          { error: messageOf(error), queued: this.#queue.length, retryMs: delay },
          'Kafka took no batch',
        );
        await sleep(delay, undefined, { signal }).catch(() => undefined);
      }
    }
  }

  /** Events first: when the signals, which are the heartbeat and the ledger, are there, so are the events. */
  async #send(parcel: Parcel): Promise<void> {
    if (parcel.eventBytes !== undefined) await this.#produce(EVENTS_TOPIC, parcel.eventBytes, parcel);
    await this.#produce(SIGNALS_TOPIC, parcel.signalBytes, parcel);
  }

  #produce(topic: string, value: Uint8Array, { identity, trace }: Parcel): Promise<void> {
    const { hostId: key, run, seq } = identity;
    const headers = { 'bellwether.run': run, 'bellwether.seq': String(seq) };
    const messages = [{ key, value, headers }];
    return inSpan(
      `send ${topic}`,
      () => this.#producer.send(topic, withTrace(messages)),
      () => ({
        kind: 'producer',
        attributes: { ...sendAttributes(topic, messages), 'messaging.kafka.message.key': key },
        ...(trace === undefined ? {} : { parent: trace }),
      }),
    );
  }
}
