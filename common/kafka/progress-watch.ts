import type { Counter, Gauge } from 'prom-client';
import { systemClock, type Clock } from '../runtime/clock.js';
import type { Component } from '../runtime/component.js';
import { BellwetherError, messageOf } from '../runtime/errors.js';
import type { Logger } from '../runtime/log.js';
import type { GroupConsumer } from './consumer.js';
import type { TopicPartition } from './offset-tracker.js';
import type { OffsetReader, PartitionOffsets } from './partition-offsets.js';
import { ProgressWatchdog } from './progress-watchdog.js';

export interface ProgressWatchOptions {
  readonly consumer: Pick<GroupConsumer, 'assignment' | 'restart'>;
  readonly offsetReader: Pick<OffsetReader, 'read'>;
  readonly metrics: {
    /** Messages of a partition that are not committed. */
    readonly lag: Gauge<'topic' | 'partition'>;
    readonly stalls: Counter;
  };
  readonly log: Logger;
  /** A consumer that does not move for so long while its log does is restarted. */
  readonly stallMs: number;
  /** True while the store does not take rows: the consumer waits rightly. */
  readonly waitsForStore?: () => boolean;
  /** True while messages of this partition are kept back on purpose: it rightly stands still. */
  readonly holdsMessagesOf?: (partition: TopicPartition) => boolean;
  /** Shown what each look has read. */
  readonly onOffsets?: (offsets: readonly PartitionOffsets[]) => void;
  /** Called when the consumer was restarted and still stands still; the process should end. */
  readonly onFatal: (error: BellwetherError) => void;
  /** Whose time passes; the machine's without it. */
  readonly clock?: Clock | undefined;
}

/** A look costs some ms of CPU here and a few requests to the broker. */
const LOOK_EVERY_MS = 5_000;

/** Looks from outside at whether the consumer moves: shows its lag, restarts it when it stalls, then gives up. */
export function createProgressWatch(options: ProgressWatchOptions): Component {
  const { log, clock = systemClock } = options;
  const look = createLook(options, clock);
  const ended = new AbortController();
  let looking: Promise<void> | undefined;
  const tick = () => {
    looking ??= look()
      .catch((error: unknown) => log.warn({ error: messageOf(error) }, 'could not look at the lag'))
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

function createLook(options: ProgressWatchOptions, clock: Clock): () => Promise<void> {
  const { consumer, offsetReader, metrics, stallMs } = options;
  const watchdog = new ProgressWatchdog({ stallMs });
  const holds = options.holdsMessagesOf ?? (() => false);
  return async () => {
    const offsets = await offsetReader.read();
    for (const { topic, partition, low, high, committed } of offsets) {
      metrics.lag.set({ topic, partition }, Math.max(0, high - (committed ?? low)));
    }
    options.onOffsets?.(offsets);
    const seen = offsets.map((at) => (holds(at) ? { ...at, committed: at.high } : at));
    const excused = options.waitsForStore?.() ?? false;
    const verdict = watchdog.observe(clock.now(), seen, consumer.assignment(), excused);
    if (verdict.kind === 'moving') return;
    metrics.stalls.inc();
    const partitions = verdict.partitions.join(', ');
    if (verdict.kind === 'stalled') {
      await consumer.restart(`no progress on ${partitions} for ${stallMs} ms`);
    } else {
      const still = `still no progress on ${partitions} after a restart of the consumer`;
      options.onFatal(new BellwetherError('kafka_unavailable', still));
    }
  };
}
