import type { GroupConsumer } from '../../common/kafka/consumer.js';
import type { OffsetReader, PartitionOffsets } from '../../common/kafka/partition-offsets.js';
import { ProgressWatchdog } from '../../common/kafka/progress-watchdog.js';
import { systemClock, type Clock } from '../../common/runtime/clock.js';
import type { Component } from '../../common/runtime/component.js';
import { BellwetherError, messageOf } from '../../common/runtime/errors.js';
import type { Logger } from '../../common/runtime/log.js';
import type { WriterMetrics } from './metrics.js';

export interface WatchParts {
  readonly consumer: GroupConsumer;
  readonly offsetReader: OffsetReader;
  readonly metrics: WriterMetrics;
  readonly log: Logger;
  readonly stallMs: number;
  /** True while the store does not take rows: the consumer waits rightly. */
  readonly waitsForStore: () => boolean;
  readonly onFatal: (error: unknown) => void;
  /** Whose time passes; the machine's without it. */
  readonly clock?: Clock | undefined;
}

/** A look costs some ms of CPU here and five requests to the broker. */
const LOOK_EVERY_MS = 5_000;

/** Looks from outside at whether the consumer moves: lag, messages that expired unread, and the watchdog. */
export function createWatch(parts: WatchParts): Component {
  const watchdog = new ProgressWatchdog({ stallMs: parts.stallMs });
  const expired = new ExpiredMessages(parts.metrics);
  const clock = parts.clock ?? systemClock;
  const ended = new AbortController();
  let looking: Promise<void> | undefined;
  const look = async () => {
    const offsets = await parts.offsetReader.read();
    for (const at of offsets) {
      const { topic, partition, high } = at;
      parts.metrics.lag.set({ topic, partition }, Math.max(0, high - (at.committed ?? at.low)));
      expired.see(at);
    }
    const owned = parts.consumer.assignment();
    const verdict = watchdog.observe(clock.now(), offsets, owned, parts.waitsForStore());
    if (verdict.kind === 'moving') return;
    parts.metrics.stalls.inc();
    const partitions = verdict.partitions.join(', ');
    if (verdict.kind === 'stalled') {
      await parts.consumer.restart(`no progress on ${partitions} for ${parts.stallMs} ms`);
    } else {
      const still = `still no progress on ${partitions} after a restart of the consumer`;
      parts.onFatal(new BellwetherError('kafka_unavailable', still));
    }
  };
  const tick = () => {
    looking ??= look()
      .catch((error: unknown) => parts.log.warn({ error: messageOf(error) }, 'could not look at the lag'))
      .finally(() => (looking = undefined));
  };
  const keepLooking = async () => {
    for (;;) {
      await clock.sleep(LOOK_EVERY_MS, ended.signal);
      if (ended.signal.aborted) return;
      tick();
    }
  };
  return {
    start() {
      void keepLooking();
      return Promise.resolve();
    },
    async stop() {
      ended.abort();
      await looking;
    },
  };
}

/** Messages that retention removed before the group read them: lost, so counted. */
class ExpiredMessages {
  readonly #metrics: WriterMetrics;
  readonly #counted = new Map<string, number>();

  constructor(metrics: WriterMetrics) {
    this.#metrics = metrics;
  }

  see({ topic, partition, low, committed }: PartitionOffsets): void {
    // A group that has committed nothing yet never had these messages to read.
    if (committed === null) return;
    const key = `${topic}/${partition}`;
    const from = Math.max(committed, this.#counted.get(key) ?? 0);
    if (low <= from) return;
    this.#metrics.expiredMessages.inc({ topic }, low - from);
    this.#counted.set(key, low);
  }
}
