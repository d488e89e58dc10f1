import type { KafkaOptions } from '../../common/kafka/client.js';
import type { ReceivedMessage } from '../../common/kafka/consumer.js';
import { logRanges, readRanges } from '../../common/kafka/topic-reader.js';
import { BellwetherError } from '../../common/runtime/errors.js';
import { deadLetterTopic } from '../../schema/topics.js';
import { parsePlace, placeText, readFound, type Letter, type Place } from './letter.js';
import { listLetters, SCAN_LIMIT, SOURCE_TOPICS, type ListedLetter } from './scan.js';

/** A letter with the message that holds it. */
export interface LetterAndMessage<T extends Letter> {
  readonly letter: T;
  readonly message: ReceivedMessage;
}

/** @throws BellwetherError `bad_request` when the text is no place of a dead letter. */
export function readPlace(text: string): Place {
  const place = parsePlace(text);
  if (place !== undefined && SOURCE_TOPICS.some((topic) => deadLetterTopic(topic) === place.topic)) {
    return place;
  }
  const example = `${deadLetterTopic(SOURCE_TOPICS[0])}/0/17`;
  throw new BellwetherError(
    'bad_request',
    `${JSON.stringify(text)} is no place of a dead letter; right would be like ${example}, as \`bellwether dead-letters list\` shows it`,
  );
}

/**
 * Reads one letter by its place, and whether it was replayed.
 * @throws BellwetherError `not_found` when no letter stands there (any more), `kafka_unavailable`.
 */
export async function findLetter(kafka: KafkaOptions, place: Place): Promise<LetterAndMessage<ListedLetter>> {
  const { letter, message } = await fetchLetter(kafka, place);
  // The records of its replays stand behind it.
  const time = { fromMs: letter.refusedMs, toMs: letter.refusedMs + 1 };
  const { letters } = await listLetters(kafka, { topic: place.topic, ...time }, SCAN_LIMIT);
  const listed = letters.find((one) => placeText(one.place) === placeText(place));
  return { letter: listed ?? { ...letter, whose: '', replayedMs: undefined }, message };
}

async function fetchLetter(kafka: KafkaOptions, place: Place): Promise<LetterAndMessage<Letter>> {
  const { topic, partition, offset } = place;
  const ranges = await logRanges(kafka, topic, { newest: Infinity });
  const range = ranges.find((one) => one.partition === partition);
  if (range === undefined || offset < range.start || offset >= range.end) {
    const holds = range === undefined ? 'nothing' : `offsets ${range.start} to ${range.end - 1}`;
    throw new BellwetherError(
      'not_found',
      `no dead letter at ${topic}/${partition}/${offset}: the partition holds ${holds}`,
    );
  }
  const messages: ReceivedMessage[] = [];
  await readRanges(kafka, [{ topic, partition, start: offset, end: offset + 1 }], (message) => {
    messages.push(message);
  });
  const [message] = messages;
  if (message === undefined)
    throw new BellwetherError('not_found', `nothing stands at ${topic}/${partition}/${offset}`);
  const found = readFound(message);
  if (found.kind === 'letter') return { letter: found.letter, message };
  throw new BellwetherError(
    'not_found',
    `${topic}/${partition}/${offset} is no letter: it records that ${found.of} was replayed`,
  );
}
