import { randomUUID } from 'node:crypto';
import type { Admin, Consumer, EachBatchPayload } from 'kafkajs';
import { BellwetherError, messageOf } from '../runtime/errors.js';
import { createKafka, type KafkaOptions } from './client.js';
import { asReceived, type ReceivedMessage } from './consumer.js';
import { keyOf, type TopicPartition } from './offset-tracker.js';

/** A stretch of one partition's log: what stood there when it was asked for, so reading it ends. */
export interface LogRange extends TopicPartition {
  /** First offset to read. */
  readonly start: number;
  /** Offset after the last one to read. */
  readonly end: number;
}

export interface RangeQuery {
  /** Only records that the broker took at this time or later, Unix milliseconds. */
  readonly fromMs?: number | undefined;
  /** Begin at most so many offsets of each partition before its end, or before the first record of `beforeMs`. */
  readonly newest: number;
  /** Unix milliseconds. */
  readonly beforeMs?: number | undefined;
}

/** A partition from which nothing came for so long is not going to be read. */
const IDLE_LIMIT_MS = 20_000;
const MIB = 1024 * 1024;
const FETCH_BYTES = 4 * MIB;

/**
 * What the partitions of a topic hold now and the query asks for; partitions without any are left out.
 * @throws BellwetherError `kafka_unavailable`.
 */
export async function logRanges(
  options: KafkaOptions,
  topic: string,
  { fromMs, newest, beforeMs }: RangeQuery,
): Promise<LogRange[]> {
  return withAdmin(options, `where ${topic} begins and ends`, async (admin) => {
    const since = await firstOffsets(admin, topic, fromMs);
    const before = await firstOffsets(admin, topic, beforeMs);
    const offsets = await admin.fetchTopicOffsets(topic);
    return offsets
      .map(({ partition, low, high }) => {
        const end = Number(high);
        const oldest = (before.get(partition) ?? end) - newest;
        const start = Math.max(Number(low), since.get(partition) ?? 0, oldest);
        return { topic, partition, start, end };
      })
      .filter(({ start, end }) => start < end);
  });
}

/** By partition the first offset of the time or later; empty without a time. */
async function firstOffsets(
  admin: Admin,
  topic: string,
  timeMs: number | undefined,
): Promise<ReadonlyMap<number, number>> {
  if (timeMs === undefined) return new Map();
  const offsets = await admin.fetchTopicOffsetsByTimestamp(topic, timeMs);
  return new Map(offsets.map(({ partition, offset }) => [partition, Number(offset)]));
}

/**
 * Gives each message of the ranges (of one topic) to `onMessage`, in order within a partition, one at a time:
 * whatever it waits for holds the reading back. Ends with the ranges. Commits nothing.
 * @throws BellwetherError `kafka_unavailable` when nothing comes for 20 s; whatever `onMessage` throws.
 */
export async function readRanges(
  options: KafkaOptions,
  ranges: readonly LogRange[],
  onMessage: OnMessage,
): Promise<void> {
  const [first] = ranges;
  if (first === undefined) return;
  const groupId = `${options.clientId}-${randomUUID()}`;
  const consumer = createKafka(options).consumer({
    groupId,
    maxBytesPerPartition: FETCH_BYTES,
    maxBytes: FETCH_BYTES,
    allowAutoTopicCreation: false,
    retry: { retries: 5, restartOnFailure: () => Promise.resolve(false) },
  });
  try {
    await consumer.connect();
    await consumer.subscribe({ topics: [first.topic], fromBeginning: true });
    await readThrough(consumer, ranges, onMessage);
  } catch (error) {
    if (error instanceof BellwetherError) throw error;
    throw unavailable(options, `${first.topic} could not be read`, error);
  } finally {
    await consumer.disconnect().catch(() => undefined);
    // Nobody joins it again; a broker would keep it for a week.
    await withAdmin(options, 'groups', (admin) => admin.deleteGroups([groupId])).catch(() => undefined);
  }
}

/** Resolves when each range was read to its end. */
async function readThrough(
  consumer: Consumer,
  ranges: readonly LogRange[],
  onMessage: OnMessage,
): Promise<void> {
  const reading = new Reading(ranges, onMessage);
  consumer.on(consumer.events.CRASH, ({ payload }) => reading.fail(payload.error));
  const run = consumer.run({
    autoCommit: false,
    eachBatchAutoResolve: false,
    eachBatch: (payload) => reading.take(payload),
  });
  run.catch((error: unknown) => reading.fail(error));
  for (const { topic, partition, start } of ranges) {
    consumer.seek({ topic, partition, offset: String(start) });
  }
  await reading.done;
}

type OnMessage = (message: ReceivedMessage) => Promise<void> | void;

/** What is still to be read, until it is read, fails, or nothing comes. */
class Reading {
  readonly done: Promise<void>;
  readonly #open: Map<string, { next: number; readonly end: number }>;
  readonly #onMessage: OnMessage;
  readonly #idle: NodeJS.Timeout;
  #resolve = (): void => undefined;
  #reject: (error: Error) => void = () => undefined;

  constructor(ranges: readonly LogRange[], onMessage: OnMessage) {
    this.#open = new Map(ranges.map((range) => [keyOf(range), { next: range.start, end: range.end }]));
    this.#onMessage = onMessage;
    this.done = new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
    // Told of where it is awaited, which may be later than it fails.
    this.done.catch(() => undefined);
    this.#idle = setTimeout(() => {
      const waited = [...this.#open.keys()].join(', ');
      this.fail(new Error(`nothing came of ${waited} for ${IDLE_LIMIT_MS} ms`));
    }, IDLE_LIMIT_MS);
  }

  fail(error: unknown): void {
    clearTimeout(this.#idle);
    this.#open.clear();
    this.#reject(error instanceof Error ? error : new Error(String(error)));
  }

  async take(payload: EachBatchPayload): Promise<void> {
    const { topic, partition, messages } = payload.batch;
    const key = keyOf({ topic, partition });
    for (const raw of messages) {
      await payload.heartbeat();
      await this.#give(key, asReceived(topic, partition, raw));
      payload.resolveOffset(raw.offset);
      this.#idle.refresh();
    }
    const range = this.#open.get(key);
    // Also when the last offsets of the range are none of a message (control records).
    if (range === undefined || Number(payload.batch.lastOffset()) + 1 < range.end) return;
    this.#open.delete(key);
    if (this.#open.size > 0) return;
    clearTimeout(this.#idle);
    this.#resolve();
  }

  async #give(key: string, message: ReceivedMessage): Promise<void> {
    const range = this.#open.get(key);
    // The first fetch may have begun before the seek.
    if (range === undefined || message.offset < range.next || message.offset >= range.end) return;
    range.next = message.offset + 1;
    try {
      await this.#onMessage(message);
    } catch (error) {
      this.fail(error);
    }
  }
}

async function withAdmin<T>(
  options: KafkaOptions,
  what: string,
  work: (admin: Admin) => Promise<T>,
): Promise<T> {
  const admin = createKafka(options).admin();
  try {
    await admin.connect();
    return await work(admin);
  } catch (error) {
    throw unavailable(options, `Kafka did not say ${what}`, error);
  } finally {
    await admin.disconnect().catch(() => undefined);
  }
}

function unavailable(options: KafkaOptions, what: string, cause: unknown): BellwetherError {
  return new BellwetherError(
    'kafka_unavailable',
    `${what} at ${options.brokers.join(',')}: ${messageOf(cause)}`,
    { cause },
  );
}
