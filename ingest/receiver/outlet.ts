import type { OutgoingMessage, Producer } from '../../common/kafka/producer.js';
import { BellwetherError } from '../../common/runtime/errors.js';
import { sendAttributes, spansOf, withTrace } from '../../common/telemetry/telemetry.js';
import { SIGNALS_TOPIC } from '../../schema/topics.js';

/** Largest message: the topic takes 8 MiB, and the record's frame needs a little of it. */
export const MAX_MESSAGE_BYTES = 8 * 1024 * 1024 - 64 * 1024;

const inSpan = spansOf('receiver');
/** After a failure so long nothing is tried: whoever sends is refused at once instead of made to wait. */
const PAUSE_MS = 1_000;
/** After a failure so long the receiver counts as not ready, unless a message is taken. */
const TROUBLE_MS = 30_000;

export interface OutletOptions {
  readonly producer: Pick<Producer, 'send'>;
  readonly onFailure: () => void;
  readonly now?: () => number;
}

/** Hands messages to Kafka. Holds nothing back: what Kafka does not take, the sender keeps. */
export class Outlet {
  readonly #options: Required<OutletOptions>;
  #failedAt = Number.NEGATIVE_INFINITY;

  constructor(options: OutletOptions) {
    this.#options = { now: () => performance.now(), ...options };
  }

  /** Why Kafka is taken to be away; undefined when it is not. */
  get trouble(): string | undefined {
    const { now } = this.#options;
    return now() - this.#failedAt < TROUBLE_MS ? 'Kafka took no message when it was last tried' : undefined;
  }

  /**
   * Resolves when all in-sync replicas have the message. After an error it may be there all the same: the same
   * bytes again are the same message.
   * @throws BellwetherError `kafka_unavailable`, `payload_too_large`.
   */
  async send(value: Uint8Array): Promise<void> {
    const { now, producer, onFailure } = this.#options;
    if (now() - this.#failedAt < PAUSE_MS) throw away();
    // Without a key: nothing depends on the order, and a customer's load is spread over all partitions.
    const messages: OutgoingMessage[] = [{ key: null, value }];
    try {
      await inSpan(
        `send ${SIGNALS_TOPIC}`,
        () => producer.send(SIGNALS_TOPIC, withTrace(messages)),
        () => ({ kind: 'producer', attributes: sendAttributes(SIGNALS_TOPIC, messages) }),
      );
      this.#failedAt = Number.NEGATIVE_INFINITY;
    } catch (error) {
      if (error instanceof BellwetherError && error.code === 'message_invalid') {
        throw new BellwetherError('payload_too_large', error.message, { cause: error });
      }
      this.#failedAt = now();
      onFailure();
      throw away(error);
    }
  }
}

function away(cause?: unknown): BellwetherError {
  const text = 'the points could not be handed on and are not stored; send them again in a few seconds';
  return new BellwetherError('kafka_unavailable', text, { cause });
}
