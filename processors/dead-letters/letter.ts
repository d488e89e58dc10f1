import { DEAD_LETTER, REPLAYED } from '../../common/kafka/dead-letter-headers.js';
import type { ReceivedMessage } from '../../common/kafka/consumer.js';

/** Where a message stands: `topic/partition/offset`, the name of a letter to people and to the commands. */
export interface Place {
  readonly topic: string;
  readonly partition: number;
  readonly offset: number;
}

/** What the headers of a dead letter say. */
export interface Letter {
  readonly place: Place;
  /** When it was refused (record time on the dead-letter topic), Unix milliseconds. */
  readonly refusedMs: number;
  /** Where the message stood; undefined when the headers do not say so. */
  readonly original: (Place & { readonly timestampMs: number }) | undefined;
  readonly reason: string;
  readonly detail: string;
  /** Of the original value. */
  readonly bytes: number;
  /** `stub`: the value was too large to be kept; `empty`: there never was one. Neither can be replayed. */
  readonly content: 'whole' | 'stub' | 'empty';
  /** The letter whose replay was refused again and became this one. */
  readonly replayOf: string | undefined;
}

/** What was found on a dead-letter topic. */
export type Found =
  | { readonly kind: 'letter'; readonly letter: Letter }
  /** A replay was made of the letter at `of`. */
  | { readonly kind: 'record'; readonly of: string; readonly atMs: number };

const PLACE = /^([A-Za-z0-9._-]+)\/(\d{1,9})\/(\d{1,15})$/;

/** Never throws: whatever stands on a dead-letter topic is shown as far as it can be. */
export function readFound(message: ReceivedMessage): Found {
  const header = (name: string) => textOf(message.headers[name]);
  const reason = header(DEAD_LETTER.reason);
  const replayOf = header(REPLAYED);
  if (reason === undefined && replayOf !== undefined) {
    return { kind: 'record', of: replayOf, atMs: message.timestampMs };
  }
  const { topic, partition, offset, timestampMs } = message;
  const stubBytes = header(DEAD_LETTER.bytes);
  const letter: Letter = {
    place: { topic, partition, offset },
    refusedMs: timestampMs,
    original: originalOf(header),
    reason: reason ?? 'unknown',
    detail: header(DEAD_LETTER.detail) ?? 'not a dead letter of ours: it has no reason',
    bytes: Number(stubBytes ?? message.value?.byteLength ?? 0),
    content: stubBytes !== undefined ? 'stub' : message.value === null ? 'empty' : 'whole',
    replayOf,
  };
  return { kind: 'letter', letter };
}

function originalOf(header: (name: string) => string | undefined): Letter['original'] {
  const topic = header(DEAD_LETTER.topic);
  const numbers = [DEAD_LETTER.partition, DEAD_LETTER.offset, DEAD_LETTER.timestamp].map((name) =>
    Number(header(name) ?? NaN),
  );
  const [partition = NaN, offset = NaN, timestampMs = NaN] = numbers;
  if (topic === undefined || !numbers.every(Number.isSafeInteger)) return undefined;
  return { topic, partition, offset, timestampMs };
}

function textOf(value: Uint8Array | undefined): string | undefined {
  return value === undefined ? undefined : Buffer.from(value).toString('utf8');
}

export function placeText({ topic, partition, offset }: Place): string {
  return `${topic}/${partition}/${offset}`;
}

/** The inverse; undefined when the text is no place. */
export function parsePlace(text: string): Place | undefined {
  const match = PLACE.exec(text);
  if (match === null) return undefined;
  const [, topic = '', partition, offset] = match;
  return { topic, partition: Number(partition), offset: Number(offset) };
}
