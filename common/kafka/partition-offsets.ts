import type { Admin } from 'kafkajs';
import type { Component } from '../runtime/component.js';
import { BellwetherError, messageOf } from '../runtime/errors.js';
import { createKafka, type KafkaOptions } from './client.js';
import type { TopicPartition } from './offset-tracker.js';

export interface PartitionOffsets extends TopicPartition {
  /** Oldest offset that the log still holds. */
  readonly low: number;
  /** Offset that the next message will get. */
  readonly high: number;
  /** What the group has committed; null when nothing yet. */
  readonly committed: number | null;
}

export interface OffsetReader extends Component {
  /**
   * Where the logs end and what the group has committed.
   * @throws BellwetherError `kafka_unavailable`.
   */
  read(): Promise<PartitionOffsets[]>;
  /** Topics of the list that have no partition with a leader. */
  unreachable(topics: readonly string[]): Promise<string[]>;
}

export interface OffsetReaderOptions extends KafkaOptions {
  readonly groupId: string;
  readonly topics: readonly string[];
}

/** Reads what Kafka says about a group, apart from the consumer, so that it sees when that one stands still. */
export function createOffsetReader(options: OffsetReaderOptions): OffsetReader {
  const admin = createKafka(options).admin();
  const ask = async <T>(question: () => Promise<T>): Promise<T> => {
    try {
      return await question();
    } catch (error) {
      throw new BellwetherError(
        'kafka_unavailable',
        `offsets could not be read at ${options.brokers.join(',')}: ${messageOf(error)}`,
        { cause: error },
      );
    }
  };
  return {
    start: () => ask(() => admin.connect()),
    stop: () => admin.disconnect(),
    read: () => ask(() => readOffsets(admin, options)),
    unreachable: (topics) => ask(() => withoutLeader(admin, topics)),
  };
}

async function readOffsets(admin: Admin, options: OffsetReaderOptions): Promise<PartitionOffsets[]> {
  const committed = new Map<string, number>();
  const groups = await admin.fetchOffsets({ groupId: options.groupId, topics: [...options.topics] });
  for (const { topic, partitions } of groups) {
    for (const { partition, offset } of partitions) committed.set(`${topic}/${partition}`, Number(offset));
  }
  const all: PartitionOffsets[] = [];
  for (const topic of options.topics) {
    for (const { partition, low, high } of await admin.fetchTopicOffsets(topic)) {
      const position = committed.get(`${topic}/${partition}`) ?? -1;
      all.push({
        topic,
        partition,
        low: Number(low),
        high: Number(high),
        committed: position < 0 ? null : position,
      });
    }
  }
  return all;
}

async function withoutLeader(admin: Admin, topics: readonly string[]): Promise<string[]> {
  const existing = new Set(await admin.listTopics());
  const missing = topics.filter((topic) => !existing.has(topic));
  const present = topics.filter((topic) => existing.has(topic));
  if (present.length === 0) return missing;
  const metadata = await admin.fetchTopicMetadata({ topics: present });
  const leaderless = metadata.topics.filter(
    ({ partitions }) => partitions.length === 0 || partitions.some(({ leader }) => leader < 0),
  );
  return [...missing, ...leaderless.map(({ name }) => name)];
}
