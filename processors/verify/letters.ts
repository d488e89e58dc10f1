import type { KafkaOptions } from '../../common/kafka/client.js';
import { DEAD_LETTER } from '../../common/kafka/dead-letter-headers.js';
import { logRanges, readRanges } from '../../common/kafka/topic-reader.js';
import { deadLetterTopic, SIGNALS_TOPIC } from '../../schema/topics.js';

/** Which messages of the log were refused, and why. */
export interface Letters {
  /** The reason; undefined when the message is not among the dead letters. */
  reasonOf(place: { readonly partition: number; readonly offset: number }): string | undefined;
  /** Older messages of the dead-letter topic, letters or records of replays, that were not looked at. */
  readonly notLooked: number;
}

/** Of the newest so many; some MB in memory. */
const LETTER_LIMIT = 500_000;

/**
 * Reads the dead letters of signals.v1 since a time: none is older than the message that it was.
 * @throws BellwetherError `kafka_unavailable`.
 */
export async function readLetters(kafka: KafkaOptions, fromMs: number): Promise<Letters> {
  const topic = deadLetterTopic(SIGNALS_TOPIC);
  const all = await logRanges(kafka, topic, { fromMs, newest: Number.MAX_SAFE_INTEGER });
  const ranges = await logRanges(kafka, topic, { fromMs, newest: LETTER_LIMIT });
  const reasons = new Map<string, string>();
  await readRanges(kafka, ranges, ({ headers }) => {
    const text = (name: string) => Buffer.from(headers[name] ?? []).toString('utf8');
    const reason = text(DEAD_LETTER.reason);
    if (text(DEAD_LETTER.topic) !== SIGNALS_TOPIC || reason === '') return;
    reasons.set(`${text(DEAD_LETTER.partition)}/${text(DEAD_LETTER.offset)}`, reason);
  });
  const size = (list: typeof all) => list.reduce((sum, { start, end }) => sum + end - start, 0);
  return {
    reasonOf: ({ partition, offset }) => reasons.get(`${String(partition)}/${String(offset)}`),
    notLooked: size(all) - size(ranges),
  };
}
