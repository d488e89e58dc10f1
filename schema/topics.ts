/** The Kafka topics: names, sizes and how long they are kept. `schema/migrate.ts` makes them. */

export const SIGNALS_TOPIC = 'signals.v1';
export const EVENTS_TOPIC = 'events.v1';
export const PROGRESS_TOPIC = 'progress.v1';

/** Where what could not be read from a topic goes, with its bytes and the reason. */
export function deadLetterTopic(topic: string): string {
  return `${topic}.dlq`;
}

export interface Topic {
  readonly name: string;
  readonly partitions: number;
  /** Largest message the broker takes. */
  readonly maxMessageBytes: number;
  readonly retentionMs: number;
}

const MIB = 1024 * 1024;
const HOUR_MS = 3_600_000;

const DATA_MESSAGE_BYTES = 8 * MIB;
/** A dead letter carries the original bytes and headers beside them. */
const DEAD_LETTER_BYTES = 10 * MIB;

export const TOPICS: readonly Topic[] = Object.freeze([
  { name: SIGNALS_TOPIC, partitions: 3, maxMessageBytes: DATA_MESSAGE_BYTES, retentionMs: 48 * HOUR_MS },
  { name: EVENTS_TOPIC, partitions: 3, maxMessageBytes: DATA_MESSAGE_BYTES, retentionMs: 48 * HOUR_MS },
  { name: PROGRESS_TOPIC, partitions: 3, maxMessageBytes: DATA_MESSAGE_BYTES, retentionMs: 48 * HOUR_MS },
  {
    name: deadLetterTopic(SIGNALS_TOPIC),
    partitions: 1,
    maxMessageBytes: DEAD_LETTER_BYTES,
    retentionMs: 14 * 24 * HOUR_MS,
  },
  {
    name: deadLetterTopic(EVENTS_TOPIC),
    partitions: 1,
    maxMessageBytes: DEAD_LETTER_BYTES,
    retentionMs: 14 * 24 * HOUR_MS,
  },
]);
