import { randomUUID } from 'node:crypto';
import type { Admin, Consumer } from 'kafkajs';
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
  onMessage: (message: ReceivedMessage) => Promise<void> | void,
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
  onMessage: (message: ReceivedMessage) => Promise<void> | void,
): Promise<void> {
  const open = new Map(ranges.map((range) => [keyOf(range), { ...range }]));
  await new Promise<void>((resolve, reject) => {
    const idle = setTimeout(
      () => reject(new Error(`nothing came of ${[...open.keys()].join(', ')} for ${IDLE_LIMIT_MS} ms`)),
      IDLE_LIMIT_MS,
    );
    const end = (finish: () => void) => {
      clearTimeout(idle);
      finish();
    };
    consumer.on(consumer.events.CRASH, ({ payload }) => end(() => reject(payload.error)));
    const run = consumer.run({
      autoCommit: false,
      eachBatchAutoResolve: false,
      eachBatch: async (payload) => {
        const { batch } = payload;
        const { topic, partition } = batch;
        const key = keyOf({ topic, partition });
        for (const raw of batch.messages) {
          await payload.heartbeat();
          const message = asReceived(topic, partition, raw);
          const range = open.get(key);
          // The first fetch may have begun before the seek.
          if (range !== undefined && message.offset >= range.start && message.offset < range.end) {
            await Promise.resolve(onMessage(message)).catch((error: unknown) => {
              open.clear();
              end(() => reject(asError(error)));
            });
            range.start = message.offset + 1;
          }
          payload.resolveOffset(raw.offset);
        }
        idle.refresh();
        // Also when the last offsets of the range are none of a message (control records).
        if (Number(batch.lastOffset()) + 1 >= (open.get(key)?.end ?? Infinity)) open.delete(key);
        if (open.size === 0) end(resolve);
      },
    });
    run.catch((error: unknown) => end(() => reject(asError(error))));
    for (const { topic, partition, start } of ranges) {
      consumer.seek({ topic, partition, offset: String(start) });
    }
  });
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

function asError(thrown: unknown): Error {
  return thrown instanceof Error ? thrown : new Error(String(thrown));
}
