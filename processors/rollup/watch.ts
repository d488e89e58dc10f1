import type { GroupConsumer } from '../../common/kafka/consumer.js';
import type { OffsetReader } from '../../common/kafka/partition-offsets.js';
import { ProgressWatchdog } from '../../common/kafka/progress-watchdog.js';
import type { Component } from '../../common/runtime/component.js';
import { BellwetherError, messageOf } from '../../common/runtime/errors.js';
import type { Logger } from '../../common/runtime/log.js';
import type { RollupMetrics } from './metrics.js';

export interface WatchParts {
  readonly consumer: GroupConsumer;
  readonly offsetReader: OffsetReader;
  readonly metrics: RollupMetrics;
  readonly log: Logger;
  readonly stallMs: number;
  /** True while records wait for their buckets: their partitions rightly stand still. */
  readonly holdsRecordsOf: (partition: number) => boolean;
  readonly onFatal: (error: unknown) => void;
}

/** A look costs some ms of CPU here and a few requests to the broker. */
const LOOK_EVERY_MS = 5_000;

/** Looks from outside at whether the consumer moves: lag, and the watchdog. */
export function createWatch(parts: WatchParts): Component {
  const watchdog = new ProgressWatchdog({ stallMs: parts.stallMs });
  let timer: NodeJS.Timeout | undefined;
  let looking: Promise<void> | undefined;
  const look = async () => {
    const offsets = await parts.offsetReader.read();
    for (const { topic, partition, low, high, committed } of offsets) {
      parts.metrics.lag.set({ topic, partition }, Math.max(0, high - (committed ?? low)));
    }
    // A record is committed when its minute is made, a minute and more later: no stall, as long as it is here.
    const seen = offsets.map((at) =>
      parts.holdsRecordsOf(at.partition) ? { ...at, committed: at.high } : at,
    );
    const verdict = watchdog.observe(performance.now(), seen, parts.consumer.assignment(), false);
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
  return {
    start() {
      timer = setInterval(tick, LOOK_EVERY_MS);
      return Promise.resolve();
    },
    async stop() {
      clearInterval(timer);
      await looking;
    },
  };
}
