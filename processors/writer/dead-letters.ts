import type { OutgoingMessage } from '../../common/kafka/producer.js';
import { deadLetterTopic } from '../../schema/topics.js';
import type { Refused } from './prepare.js';

/** Longest detail in a header, characters. */
const DETAIL_LIMIT = 1_000;

export interface DeadLetters {
  readonly topic: string;
  readonly messages: readonly OutgoingMessage[];
}

/** The refused messages as dead letters, by topic: original key, bytes and headers, and what was wrong. */
export function deadLetters(refusals: readonly Refused[]): DeadLetters[] {
  const byTopic = new Map<string, OutgoingMessage[]>();
  for (const refusal of refusals) {
    const topic = deadLetterTopic(refusal.message.topic);
    const messages = byTopic.get(topic) ?? [];
    messages.push(deadLetter(refusal));
    byTopic.set(topic, messages);
  }
  return [...byTopic].map(([topic, messages]) => ({ topic, messages }));
}

function deadLetter({ message, reason, detail }: Refused): OutgoingMessage {
  return {
    key: message.key,
    value: message.value,
    headers: {
      ...message.headers,
      'bellwether.original.topic': message.topic,
      'bellwether.original.partition': String(message.partition),
      'bellwether.original.offset': String(message.offset),
      'bellwether.original.timestamp': String(message.timestampMs),
      'bellwether.reason': reason,
      'bellwether.detail': detail.slice(0, DETAIL_LIMIT),
    },
  };
}
