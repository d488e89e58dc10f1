import { createHash } from 'node:crypto';
import { DEAD_LETTER } from '../../common/kafka/dead-letter-headers.js';
import type { OutgoingMessage } from '../../common/kafka/producer.js';
import { deadLetterTopic } from '../../schema/topics.js';
import type { Refused } from './prepare.js';

/** Longest detail in a header, characters. */
const DETAIL_LIMIT = 1_000;
/** Longest key that a stub keeps, bytes: a key may be what made the message too large. */
const STUB_KEY_LIMIT = 1_024;

/** One refused message and how it is told. */
export interface DeadLetter {
  readonly refusal: Refused;
  /** Original key, bytes and headers, and what was wrong. */
  readonly whole: OutgoingMessage;
  /** Bytes of key, value and headers of `whole`, uncompressed. */
  readonly bytes: number;
}

/** Dead letters that go out in one send. */
export interface DeadLetterChunk {
  readonly topic: string;
  readonly letters: readonly DeadLetter[];
}

/**
 * The refused messages as dead letters, by topic, in chunks of at most `chunkBytes` (uncompressed); a larger
 * letter is alone in its chunk. The broker refuses a batch above its limit as a whole, however often it comes.
 */
export function deadLetterChunks(refusals: readonly Refused[], chunkBytes: number): DeadLetterChunk[] {
  const chunks: DeadLetterChunk[] = [];
  const open = new Map<string, { letters: DeadLetter[]; bytes: number }>();
  for (const refusal of refusals) {
    const topic = deadLetterTopic(refusal.message.topic);
    const letter = deadLetter(refusal);
    let chunk = open.get(topic);
    if (chunk === undefined || chunk.bytes + letter.bytes > chunkBytes) {
      chunk = { letters: [], bytes: 0 };
      open.set(topic, chunk);
      chunks.push({ topic, letters: chunk.letters });
    }
    chunk.letters.push(letter);
    chunk.bytes += letter.bytes;
  }
  return chunks;
}

/** What tells of a message that is too large for the dead-letter topic: where it was, its size and its hash. */
export function stub({ message, reason, detail }: Refused): OutgoingMessage {
  const value = message.value ?? new Uint8Array();
  return {
    key: message.key !== null && message.key.byteLength <= STUB_KEY_LIMIT ? message.key : null,
    value: new Uint8Array(),
    headers: {
      ...whereAndWhy({ kind: 'refused', message, reason, detail }),
      [DEAD_LETTER.bytes]: String(value.byteLength),
      [DEAD_LETTER.sha256]: createHash('sha256').update(value).digest('hex'),
    },
  };
}

function deadLetter(refusal: Refused): DeadLetter {
  const { key, value, headers } = refusal.message;
  const whole = { key, value, headers: { ...headers, ...whereAndWhy(refusal) } };
  return { refusal, whole, bytes: sizeOf(whole) };
}

function whereAndWhy({ message, reason, detail }: Refused): Record<string, string> {
  return {
    [DEAD_LETTER.topic]: message.topic,
    [DEAD_LETTER.partition]: String(message.partition),
    [DEAD_LETTER.offset]: String(message.offset),
    [DEAD_LETTER.timestamp]: String(message.timestampMs),
    [DEAD_LETTER.reason]: reason,
    [DEAD_LETTER.detail]: detail.slice(0, DETAIL_LIMIT),
  };
}

function sizeOf({ key, value, headers }: OutgoingMessage): number {
  let bytes = (key === null ? 0 : Buffer.byteLength(key)) + (value?.byteLength ?? 0);
  for (const [name, content] of Object.entries(headers ?? {})) {
    bytes += Buffer.byteLength(name) + Buffer.byteLength(content);
  }
  return bytes;
}
