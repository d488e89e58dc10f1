import { Kafka, logLevel } from 'kafkajs';

export interface TopicMessage {
  readonly value: Buffer | null;
  readonly key: string;
  readonly headers: Readonly<Record<string, string>>;
}

/** All messages of a topic, read by a group of its own. */
export async function readTopic(brokers: readonly string[], topic: string): Promise<TopicMessage[]> {
  const kafka = new Kafka({ brokers: [...brokers], logLevel: logLevel.NOTHING });
  const consumer = kafka.consumer({ groupId: `test-${topic}-${Date.now()}`, sessionTimeout: 6_000 });
  const messages: TopicMessage[] = [];
  const count = await messagesIn(kafka, topic);
  await consumer.connect();
  try {
    await consumer.subscribe({ topic, fromBeginning: true });
    let full = (): void => undefined;
    const enough = new Promise<void>((resolve) => (full = resolve));
    const limit = setTimeout(() => full(), 15_000);
    await consumer.run({
      eachMessage: ({ message }) => {
        const headers = Object.entries(message.headers ?? {}).map(([name, value]): [string, string] => [
          name,
          String(value),
        ]);
        messages.push({
          value: message.value,
          key: message.key?.toString() ?? '',
          headers: Object.fromEntries(headers),
        });
        if (messages.length >= count) full();
        return Promise.resolve();
      },
    });
    await enough;
    clearTimeout(limit);
  } finally {
    await consumer.disconnect();
  }
  return messages;
}

async function messagesIn(kafka: Kafka, topic: string): Promise<number> {
  const admin = kafka.admin();
  await admin.connect();
  const offsets = await admin.fetchTopicOffsets(topic);
  await admin.disconnect();
  return offsets.reduce((sum, { low, high }) => sum + Number(high) - Number(low), 0);
}
