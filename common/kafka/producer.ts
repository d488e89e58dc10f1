import { CompressionTypes, type Producer as KafkaJsProducer } from 'kafkajs';
import type { Component } from '../runtime/component.js';
import { BellwetherError, messageOf } from '../runtime/errors.js';
import { createKafka, DEFAULT_RETRY, type KafkaOptions, type RetryLimits } from './client.js';
import { SettledPartitions } from './settled-partitions.js';

export interface OutgoingMessage {
  /** Messages with equal keys stay in order, on one partition. */
  readonly key: string | Uint8Array | null;
  readonly value: Uint8Array | null;
  readonly headers?: Readonly<Record<string, string | Uint8Array>>;
}

export interface ProducerOptions extends KafkaOptions {
  /** Larger values are refused here, by name, before the broker refuses the whole request. */
  readonly maxMessageBytes: number;
  readonly retry?: RetryLimits;
  readonly compression?: 'gzip' | 'none';
}

export interface Producer extends Component {
  /**
   * Connects. A failed start does no harm: `send` connects by itself when it has to.
   * @throws BellwetherError `kafka_unavailable`.
   */
  start(): Promise<void>;
  /**
   * Resolves when all in-sync replicas have the messages (acks = all). After an error some may have arrived
   * all the same: sending again must be harmless, which row identity sees to.
   * @throws BellwetherError `message_invalid` when a message, or all together, are too large here or for the
   * broker: the same send never works; `kafka_unavailable` otherwise.
   */
  send(topic: string, messages: readonly OutgoingMessage[]): Promise<void>;
}

/** Makes a producer; no I/O before `start` or `send`. */
export function createProducer(options: ProducerOptions): Producer {
  const retry = options.retry ?? DEFAULT_RETRY;
  const settled = new SettledPartitions();
  const producer = createKafka(options, retry).producer({
    createPartitioner: settled.partitioner,
    allowAutoTopicCreation: false,
    idempotent: false,
  });
  let connected: Promise<void> | undefined;
  const forget = () => (connected = undefined);
  producer.on(producer.events.DISCONNECT, forget);
  const connect = async () => {
    connected ??= producer.connect();
    try {
      await connected;
    } catch (error) {
      forget();
      throw unavailable(options, error);
    }
  };
  return {
    start: connect,
    async send(topic, messages) {
      if (messages.length === 0) return;
      refuseTooLarge(topic, messages, options.maxMessageBytes);
      await connect();
      await sendAll({ producer, settled, options }, topic, messages);
    },
    async stop() {
      await producer.disconnect();
    },
  };
}

interface Sender {
  readonly producer: KafkaJsProducer;
  readonly settled: SettledPartitions;
  readonly options: ProducerOptions;
}

async function sendAll(
  { producer, settled, options }: Sender,
  topic: string,
  outgoing: readonly OutgoingMessage[],
): Promise<void> {
  const messages = outgoing.map((message) => ({
    key: message.key === null ? null : asBuffer(message.key),
    value: message.value === null ? null : asBuffer(message.value),
    headers: Object.fromEntries(
      Object.entries(message.headers ?? {}).map(([name, value]) => [name, asBuffer(value)]),
    ),
  }));
  const compression = options.compression === 'none' ? CompressionTypes.None : CompressionTypes.GZIP;
  let unanswered: number[];
  try {
    const answers = await producer.send({ topic, acks: -1, compression, messages });
    unanswered = settled.unanswered(messages, answers);
  } catch (error) {
    if (isTooLarge(error)) throw tooLargeForBroker(topic, messages.length, error);
    throw unavailable(options, error, topic);
  }
  if (unanswered.length > 0) {
    const partitions = unanswered.join(', ');
    throw unavailable(options, new Error(`nothing came back about partition ${partitions}`), topic);
  }
}

function refuseTooLarge(topic: string, messages: readonly OutgoingMessage[], limit: number): void {
  for (const { value } of messages) {
    if (value !== null && value.byteLength > limit) {
      throw new BellwetherError(
        'message_invalid',
        `a message for ${topic} has ${value.byteLength} bytes; at most ${limit} are taken`,
      );
    }
  }
}

/** What the broker says of a batch above `max.message.bytes` or above a segment. */
const TOO_LARGE: readonly unknown[] = ['MESSAGE_TOO_LARGE', 'RECORD_LIST_TOO_LARGE'];

/** KafkaJS may wrap what the broker said. Its error classes are no named exports for an ES module. */
function isTooLarge(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  return ('type' in error && TOO_LARGE.includes(error.type)) || isTooLarge(error.cause);
}

function tooLargeForBroker(topic: string, messages: number, cause: unknown): BellwetherError {
  return new BellwetherError(
    'message_invalid',
    `${messages} messages for ${topic} are too large together for the broker: ${messageOf(cause)}`,
    { cause },
  );
}

function unavailable(options: KafkaOptions, error: unknown, topic?: string): BellwetherError {
  const where = topic === undefined ? '' : ` (topic ${topic})`;
  return new BellwetherError(
    'kafka_unavailable',
    `no answer from Kafka at ${options.brokers.join(',')}${where}: ${messageOf(error)}`,
    { cause: error },
  );
}

/** A view, not a copy. */
function asBuffer(value: string | Uint8Array): Buffer {
  if (typeof value === 'string') return Buffer.from(value, 'utf8');
  return Buffer.from(value.buffer, value.byteOffset, value.byteLength);
}
