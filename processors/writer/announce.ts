import type { OutgoingMessage, Producer } from '../../common/kafka/producer.js';
import type { Clock } from '../../common/runtime/clock.js';
import { BellwetherError, messageOf } from '../../common/runtime/errors.js';
import type { Logger } from '../../common/runtime/log.js';
import { sendAttributes, withTrace } from '../../common/telemetry/telemetry.js';
import { PROGRESS_TOPIC } from '../../schema/topics.js';
import { deadLetterChunks, stub, type DeadLetter } from './dead-letters.js';
import type { WriterMetrics } from './metrics.js';
import type { Prepared, Refused } from './prepare.js';
import { progressMessages } from './progress.js';
import { tryAgain } from './retry.js';
import { inSpan } from './trace.js';

export interface Announcer {
  readonly producer: Producer;
  readonly metrics: WriterMetrics;
  readonly log: Logger;
  /** Aborted to give up what is being tried again. */
  readonly giveUp: AbortController;
  /** Whose time passes; the machine's without it. */
  readonly clock?: Clock | undefined;
}

const FIRST_PAUSE_MS = 200;
const LONGEST_PAUSE_MS = 10_000;
/** Dead letters of one send, uncompressed; far below the 10 MiB that their topics take. */
const CHUNK_BYTES = 4 * 1024 * 1024;

/**
 * Resolves when each refused message is told of on its dead-letter topic: whole, or by a stub when it is too
 * large for it.
 * @throws Stopped when given up.
 */
export async function sendDeadLetters(parts: Announcer, refusals: readonly Refused[]): Promise<void> {
  for (const { topic, letters } of deadLetterChunks(refusals, CHUNK_BYTES)) {
    await sendLetters(parts, topic, letters);
  }
  for (const { message, reason, detail } of refusals) {
    const { topic, partition, offset } = message;
    parts.metrics.deadLetters.inc({ topic, reason });
    parts.log.warn({ topic, partition, offset, reason, detail }, 'dead-lettered');
  }
}

/**
 * Resolves when the minutes and hosts of these are on the progress topic.
 * @throws Stopped when given up.
 */
export async function sendProgress(parts: Announcer, stored: readonly Prepared[]): Promise<void> {
  const messages = progressMessages(stored);
  if (messages.length > 0) await send(parts, PROGRESS_TOPIC, messages);
}

/** Too large together: each alone. Too large alone: its stub, because no later try would end otherwise. */
async function sendLetters(parts: Announcer, topic: string, letters: readonly DeadLetter[]): Promise<void> {
  try {
    await send(
      parts,
      topic,
      letters.map(({ whole }) => whole),
      isTooLarge,
    );
  } catch (error) {
    if (!isTooLarge(error)) throw error;
    if (letters.length > 1) {
      for (const letter of letters) await sendLetters(parts, topic, [letter]);
      return;
    }
    for (const { refusal, bytes } of letters) {
      await send(parts, topic, [stub(refusal)]);
      parts.metrics.truncatedDeadLetters.inc({ topic: refusal.message.topic });
      parts.log.warn(
        { topic, bytes, error: messageOf(error) },
        'dead letter is too large; sent without bytes',
      );
    }
  }
}

/** A dead letter keeps the trace of its original; progress names this send, so that a rollup can go on in it. */
function produce(producer: Producer, topic: string, messages: readonly OutgoingMessage[]): Promise<void> {
  return inSpan(
    `send ${topic}`,
    () => producer.send(topic, withTrace(messages)),
    () => ({ kind: 'producer', attributes: sendAttributes(topic, messages) }),
  );
}

/** Until it works or never can: a message of which nobody learns must not be committed. */
async function send(
  parts: Announcer,
  topic: string,
  messages: readonly OutgoingMessage[],
  isHopeless: (error: unknown) => boolean = () => false,
): Promise<void> {
  await tryAgain(() => produce(parts.producer, topic, messages), {
    firstPauseMs: FIRST_PAUSE_MS,
    longestPauseMs: LONGEST_PAUSE_MS,
    signal: parts.giveUp.signal,
    clock: parts.clock,
    shouldRetry: (error) => {
      parts.metrics.produceFailures.inc({ topic });
      if (isHopeless(error)) return false;
      parts.log.warn({ topic, error: messageOf(error) }, 'Kafka does not take messages; trying again');
      return true;
    },
  });
}

function isTooLarge(error: unknown): boolean {
  return error instanceof BellwetherError && error.code === 'message_invalid';
}
