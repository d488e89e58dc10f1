import type { KafkaOptions } from '../../common/kafka/client.js';
import type { ReceivedMessage } from '../../common/kafka/consumer.js';
import { DEAD_LETTER, REPLAYED } from '../../common/kafka/dead-letter-headers.js';
import type { OutgoingMessage, Producer } from '../../common/kafka/producer.js';
import { readRanges, type LogRange } from '../../common/kafka/topic-reader.js';
import { BellwetherError, messageOf } from '../../common/runtime/errors.js';
import { deadLetterTopic } from '../../schema/topics.js';
import { placeText, type Letter } from './letter.js';
import { SOURCE_TOPICS, type ListedLetter } from './scan.js';

/** Uncompressed bytes and letters that go out in one send. */
const CHUNK_BYTES = 4 * 1024 * 1024;
const CHUNK_LETTERS = 500;

export interface ReplayPlan {
  readonly letters: readonly ListedLetter[];
  /** Left out because they were replayed before. */
  readonly already: readonly ListedLetter[];
  /** Left out because their bytes are not there. */
  readonly hopeless: readonly ListedLetter[];
}

/** Which of these can be replayed; those that were before only when asked for again. */
export function planReplay(letters: readonly ListedLetter[], again: boolean): ReplayPlan {
  const able = letters.filter(({ content }) => content === 'whole');
  return {
    letters: able.filter(({ replayedMs }) => again || replayedMs === undefined),
    already: able.filter(({ replayedMs }) => !again && replayedMs !== undefined),
    hopeless: letters.filter(({ content }) => content !== 'whole'),
  };
}

/** Why a letter cannot be replayed, in a sentence; undefined when it can. */
export function whyHopeless({ place, content, bytes }: Letter): string | undefined {
  const name = placeText(place);
  if (content === 'stub') {
    return `${name} is a stub: its ${bytes} bytes were too large for the dead-letter topic and are gone from here; read them from the place in the original topic, while its retention holds, or have the sender send them again in smaller messages`;
  }
  if (content === 'empty') return `${name} never had a value, so there is nothing to replay`;
  return undefined;
}

export interface ReplayResult {
  readonly replayed: number;
  /** Letters that Kafka does not take back, with why; they stay where they are. */
  readonly refused: readonly { readonly place: string; readonly why: string }[];
}

/**
 * Sends the letters' original key, bytes and headers to the topic that they came from, and then records each on
 * the dead-letter topic. The identity of rows makes a replay land once, however often it is made; killed in
 * between, the worst is a letter that was replayed and does not say so.
 * @throws BellwetherError `kafka_unavailable`; what was replayed until then is recorded.
 */
export async function replay(
  kafka: KafkaOptions,
  producer: Producer,
  letters: readonly Letter[],
): Promise<ReplayResult> {
  const wanted = new Set(letters.map(({ place }) => placeText(place)));
  const refused: { place: string; why: string }[] = [];
  let replayed = 0;
  for (const source of SOURCE_TOPICS) {
    const ranges = rangesOf(letters.filter(({ place }) => place.topic === deadLetterTopic(source)));
    let chunk: ReceivedMessage[] = [];
    let bytes = 0;
    const flush = async () => {
      const outcome = await sendChunk(producer, source, chunk);
      replayed += chunk.length - outcome.length;
      refused.push(...outcome);
      [chunk, bytes] = [[], 0];
    };
    await readRanges(kafka, ranges, async (message) => {
      if (!wanted.has(placeText(message))) return;
      chunk.push(message);
      bytes += message.value?.byteLength ?? 0;
      if (bytes >= CHUNK_BYTES || chunk.length >= CHUNK_LETTERS) await flush();
    });
    if (chunk.length > 0) await flush();
  }
  return { replayed, refused };
}

/** @returns those that are too large for the topic, which is only known of each alone. */
async function sendChunk(
  producer: Producer,
  source: string,
  chunk: readonly ReceivedMessage[],
): Promise<{ place: string; why: string }[]> {
  try {
    await producer.send(source, chunk.map(asOriginal));
    await producer.send(deadLetterTopic(source), chunk.map(asRecord));
    return [];
  } catch (error) {
    if (!(error instanceof BellwetherError) || error.code !== 'message_invalid') throw error;
    const [only, ...others] = chunk;
    if (only !== undefined && others.length === 0) {
      return [{ place: placeText(only), why: messageOf(error) }];
    }
    const refused: { place: string; why: string }[] = [];
    for (const message of chunk) refused.push(...(await sendChunk(producer, source, [message])));
    return refused;
  }
}

const OURS = new Set<string>([...Object.values(DEAD_LETTER), REPLAYED]);

/** The message as it was, with one header that says which letter it was made from. */
export function asOriginal(message: ReceivedMessage): OutgoingMessage {
  const headers = Object.fromEntries(Object.entries(message.headers).filter(([name]) => !OURS.has(name)));
  return {
    key: message.key,
    value: message.value,
    headers: { ...headers, [REPLAYED]: placeText(message) },
  };
}

function asRecord(message: ReceivedMessage): OutgoingMessage {
  const place = placeText(message);
  return { key: place, value: new Uint8Array(), headers: { [REPLAYED]: place } };
}

/** From the first to the last letter of each partition. */
function rangesOf(letters: readonly Letter[]): LogRange[] {
  const ranges = new Map<string, LogRange>();
  for (const { place } of letters) {
    const { topic, partition, offset } = place;
    const range = ranges.get(`${topic}/${partition}`) ?? { topic, partition, start: offset, end: offset + 1 };
    const [start, end] = [Math.min(range.start, offset), Math.max(range.end, offset + 1)];
    ranges.set(`${topic}/${partition}`, { topic, partition, start, end });
  }
  return [...ranges.values()];
}
