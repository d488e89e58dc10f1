import type { ITopicConfig } from '../common/kafka/client.js';
import { createKafka, type KafkaOptions } from '../common/kafka/client.js';
import { BellwetherError, messageOf } from '../common/runtime/errors.js';
import { TOPICS, type Topic } from './topics.js';

export interface TopicOptions extends KafkaOptions {
  /** Copies of each partition; 1 on a single broker. With 3 or more, a write needs 2 of them. */
  readonly replicationFactor: number;
}

/**
 * Makes the topics that are missing, and waits until they have leaders. Those that exist are left as they are:
 * their settings may have been chosen by whoever runs the cluster.
 * @returns names of the topics that were made now.
 * @throws BellwetherError `kafka_unavailable`.
 */
export async function makeTopics(options: TopicOptions): Promise<string[]> {
  const admin = createKafka(options).admin();
  try {
    await admin.connect();
    const existing = new Set(await admin.listTopics());
    const missing = TOPICS.filter((topic) => !existing.has(topic.name));
    if (missing.length > 0) {
      await admin.createTopics({
        waitForLeaders: true,
        timeout: 15_000,
        topics: missing.map((topic) => topicConfig(topic, options.replicationFactor)),
      });
    }
    return missing.map((topic) => topic.name);
  } catch (error) {
    throw new BellwetherError(
      'kafka_unavailable',
      `the topics could not be made at ${options.brokers.join(',')}: ${messageOf(error)}`,
      { cause: error },
    );
  } finally {
    await admin.disconnect();
  }
}

function topicConfig(topic: Topic, replicationFactor: number): ITopicConfig {
  return {
    topic: topic.name,
    numPartitions: topic.partitions,
    replicationFactor,
    configEntries: [
      { name: 'max.message.bytes', value: String(topic.maxMessageBytes) },
      // The broker's clock, not the sender's: the writer judges by it how old or how far ahead a window is,
      // and a host whose clock is wrong must not judge itself.
      { name: 'message.timestamp.type', value: 'LogAppendTime' },
      { name: 'retention.ms', value: String(topic.retentionMs) },
      { name: 'min.insync.replicas', value: replicationFactor >= 3 ? '2' : '1' },
    ],
  };
}
