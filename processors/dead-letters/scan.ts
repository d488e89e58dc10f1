import type { KafkaOptions } from '../../common/kafka/client.js';
import type { ReceivedMessage } from '../../common/kafka/consumer.js';
import { logRanges, readRanges, type LogRange } from '../../common/kafka/topic-reader.js';
import { BellwetherError } from '../../common/runtime/errors.js';
import { deadLetterTopic, EVENTS_TOPIC, SIGNALS_TOPIC } from '../../schema/topics.js';
import { placeText, readFound, type Letter } from './letter.js';
import { whoseText } from './outline.js';

/** Topics whose messages can be refused. */
export const SOURCE_TOPICS = [SIGNALS_TOPIC, EVENTS_TOPIC] as const;

export interface LetterFilter {
  /** The topic or its dead-letter topic; all when undefined. */
  readonly topic?: string | undefined;
  readonly reason?: string | undefined;
  /** Refused at this time or later, Unix milliseconds. */
  readonly fromMs?: number | undefined;
  /** Refused before this time. */
  readonly toMs?: number | undefined;
}

export interface ListedLetter extends Letter {
  /** Hosts or customers that it names, or its key; '' when it says nothing. */
  readonly whose: string;
  /** When it was last replayed, Unix milliseconds; undefined: not that we looked at. */
  readonly replayedMs: number | undefined;
}

export interface Listing {
  /** The newest matches, oldest first. */
  readonly letters: readonly ListedLetter[];
  /** All matches among what was looked at. */
  readonly matched: number;
  /** Messages looked at. */
  readonly looked: number;
  /** Older messages (of the time asked for) that were not looked at, because there are so many. */
  readonly notLooked: number;
}

/** So many of the newest messages (before `toMs`) of each partition are looked at, and at most so many kept. */
export const SCAN_LIMIT = 100_000;

/**
 * Looks through the dead-letter topics.
 * @param limit so many letters are kept; the newest
 * @throws BellwetherError `bad_request` when there is no such topic, `kafka_unavailable`.
 */
export async function listLetters(
  kafka: KafkaOptions,
  filter: LetterFilter,
  limit: number,
): Promise<Listing> {
  const replayed = new Map<string, number>();
  const kept: Omit<ListedLetter, 'replayedMs'>[] = [];
  let [matched, looked, notLooked] = [0, 0, 0];
  const take = (message: ReceivedMessage) => {
    looked += 1;
    const found = readFound(message);
    if (found.kind === 'record') {
      replayed.set(found.of, found.atMs);
      return;
    }
    if (!matches(found.letter, filter)) return;
    matched += 1;
    kept.push({ ...found.letter, whose: whoseText(found.letter.original?.topic ?? '', message) });
    if (kept.length > limit) kept.shift();
  };
  for (const topic of deadLetterTopics(filter.topic)) {
    // Read to the end whatever `toMs` says: the record of a replay stands behind its letter.
    const { fromMs, toMs: beforeMs } = filter;
    const ranges = await logRanges(kafka, topic, { fromMs, beforeMs, newest: SCAN_LIMIT });
    notLooked += await cutOff(kafka, topic, filter, ranges);
    await readRanges(kafka, ranges, take);
  }
  const letters = kept
    .map((letter) => ({ ...letter, replayedMs: replayed.get(placeText(letter.place)) }))
    .sort((a, b) => a.refusedMs - b.refusedMs);
  return { letters, matched, looked, notLooked };
}

/** What the limit of a scan left out. */
async function cutOff(
  kafka: KafkaOptions,
  topic: string,
  { fromMs }: LetterFilter,
  ranges: readonly LogRange[],
): Promise<number> {
  if (ranges.every(({ start, end }) => end - start < SCAN_LIMIT)) return 0;
  const all = await logRanges(kafka, topic, { fromMs, newest: Infinity });
  const sizeOf = (list: readonly LogRange[]) => list.reduce((sum, { start, end }) => sum + end - start, 0);
  return sizeOf(all) - sizeOf(ranges);
}

function matches(letter: Letter, { reason, fromMs, toMs }: LetterFilter): boolean {
  if (reason !== undefined && letter.reason !== reason) return false;
  return letter.refusedMs >= (fromMs ?? -Infinity) && letter.refusedMs < (toMs ?? Infinity);
}

/** @throws BellwetherError `bad_request`. */
function deadLetterTopics(topic: string | undefined): string[] {
  const all = SOURCE_TOPICS.map(deadLetterTopic);
  if (topic === undefined) return all;
  const wanted = all.find((name) => name === topic || name === deadLetterTopic(topic));
  if (wanted !== undefined) return [wanted];
  throw new BellwetherError(
    'bad_request',
    `${JSON.stringify(topic)} has no dead letters; right would be ${SOURCE_TOPICS.join(' or ')}`,
  );
}
