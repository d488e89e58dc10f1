import { setTimeout as delay } from 'node:timers/promises';
import { createKafka } from '../../common/kafka/client.js';
import { BellwetherError, messageOf } from '../../common/runtime/errors.js';
import type { Logger } from '../../common/runtime/log.js';

const PAUSE_MS = 150;
/** A group that nobody uses: asking for its offsets makes the broker load its coordinator. */
const PROBE_GROUP = 'bellwether-ready-probe';

/**
 * Waits until the broker answers and its group coordinator is loaded (it answers metadata well before that).
 * @returns milliseconds waited.
 * @throws BellwetherError `kafka_unavailable` after `timeoutMs`.
 */
export async function waitForKafka(
  brokers: readonly string[],
  timeoutMs: number,
  log: Logger,
): Promise<number> {
  const begin = performance.now();
  const elapsed = () => Math.round(performance.now() - begin);
  const quiet = log.child({}, { level: 'error' });
  const none = { retries: 0, initialRetryTime: 100, maxRetryTime: 100 };
  for (;;) {
    const admin = createKafka({ brokers, clientId: 'bellwether-ready', log: quiet }, none).admin();
    try {
      await admin.connect();
      // Learns of the brokers; without it KafkaJS asks nobody for the coordinator.
      await admin.listTopics();
      await admin.fetchOffsets({ groupId: PROBE_GROUP, topics: [] });
      return elapsed();
    } catch (error) {
      if (elapsed() > timeoutMs) {
        throw new BellwetherError(
          'kafka_unavailable',
          `Kafka at ${brokers.join(',')} is not ready after ${timeoutMs} ms: ${messageOf(error)}`,
          { cause: error },
        );
      }
    } finally {
      await admin.disconnect().catch(() => undefined);
    }
    await delay(PAUSE_MS);
  }
}
