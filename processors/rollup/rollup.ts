import type { GroupConsumer, ReceivedMessage } from '../../common/kafka/consumer.js';
import type { Clock } from '../../common/runtime/clock.js';
import type { Component } from '../../common/runtime/component.js';
import type { Maker } from './maker.js';
import type { RollupMetrics } from './metrics.js';
import { minuteOf } from './progress.js';
import type { Schedule } from './schedule.js';
import type { Waker } from './waker.js';

export interface RollupParts {
  readonly schedule: Schedule<ReceivedMessage>;
  readonly maker: Maker<ReceivedMessage>;
  readonly consumer: GroupConsumer;
  readonly metrics: RollupMetrics;
  readonly clock: Clock;
  readonly waker: Waker;
  /** The process should end; what is not committed is replayed. */
  readonly onFatal: (error: unknown) => void;
}

/** So many records may wait for their buckets: more are not fetched meanwhile. */
const RECORD_LIMIT = 100_000;
/** Counts of so many buckets are read at once. */
const BATCH = 60;
/** Longest sleep, milliseconds: the wall clock may be set meanwhile. */
const LONGEST_SLEEP_MS = 1_000;

/** Takes one progress record in; what a consumer calls. */
export function takeIn(parts: Pick<RollupParts, 'schedule' | 'metrics' | 'consumer' | 'waker'>) {
  return (message: ReceivedMessage): void => {
    parts.metrics.records.inc();
    const startMs = minuteOf(message);
    if (startMs === undefined) {
      parts.metrics.unreadableRecords.inc();
      parts.consumer.offsets.done(message, message.offset);
      return;
    }
    const isNew = parts.schedule.touch({ resolution: 'minute', startMs }, message);
    if (!isNew) parts.metrics.coalesced.inc();
    parts.waker.wake();
  };
}

/** Undefined while there is room for more records. */
export function roomFor(parts: Pick<RollupParts, 'schedule' | 'clock'>): Promise<void> | undefined {
  return parts.schedule.records < RECORD_LIMIT ? undefined : parts.clock.sleep(LONGEST_SLEEP_MS);
}

/** The loop: what is due is made and sealed, and only then are the records that told of it committed. */
export function createRollup(parts: RollupParts): Component {
  let stopping = false;
  let loop: Promise<void> | undefined;
  const work = async () => {
    while (!stopping) {
      const due = parts.schedule.take(parts.clock.unixMs(), BATCH);
      if (due.length > 0) {
        await parts.maker.make(due);
        await parts.consumer.commit();
      } else {
        await parts.waker.sleep(untilNext(parts));
      }
    }
  };
  return {
    async start() {
      loop = work().catch((error: unknown) => parts.onFatal(error));
      await parts.consumer.start();
    },
    async stop() {
      stopping = true;
      parts.consumer.quiesce();
      parts.waker.wake();
      await loop;
      await parts.consumer.stop();
    },
  };
}

function untilNext({ schedule, clock }: RollupParts): number {
  const nextMs = schedule.nextMs();
  if (nextMs === undefined) return LONGEST_SLEEP_MS;
  return Math.min(LONGEST_SLEEP_MS, Math.max(1, nextMs - clock.unixMs()));
}
