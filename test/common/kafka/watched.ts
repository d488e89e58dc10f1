import { Registry } from 'prom-client';
import type { PartitionOffsets } from '../../../common/kafka/partition-offsets.js';
import type { Clock } from '../../../common/runtime/clock.js';
import { createLogger } from '../../../common/runtime/log.js';
import { MetricMaker } from '../../../common/runtime/metric-maker.js';

/** So long the watch waits between two looks. */
export const LOOK_MS = 5_000;
export const AT = { topic: 'signals.v1', partition: 0 };

/** A consumer, its log and the time, all moved by a test. */
export function watched() {
  const registry = new Registry();
  const make = new MetricMaker(registry, 'some');
  const lines: string[] = [];
  const happened: string[] = [];
  let nowMs = 1_000_000;
  let awaken: (() => void) | undefined;
  const clock: Clock = {
    now: () => nowMs,
    unixMs: () => nowMs,
    jittered: (milliseconds) => milliseconds,
    sleep: (_, signal) =>
      new Promise((resolve) => {
        awaken = resolve;
        signal?.addEventListener('abort', () => resolve());
      }),
  };
  const log = {
    /** What the next look reads; `committed: null`: nothing yet. */
    offsets: [] as PartitionOffsets[],
    reads: 0,
    /** Ends the wait of a read, or makes it fail. */
    answer: () => Promise.resolve(),
  };
  return {
    log,
    lines,
    happened,
    /** Lets one pause between two looks end, and the look that follows do what it can. */
    look: async () => {
      nowMs += LOOK_MS;
      awaken?.();
      await new Promise((resolve) => setImmediate(resolve));
    },
    parts: {
      consumer: {
        assignment: () => log.offsets,
        restart: (why: string) => Promise.resolve(void happened.push(why)),
      },
      offsetReader: {
        read: async () => {
          log.reads += 1;
          await log.answer();
          return log.offsets;
        },
      },
      metrics: {
        lag: make.gauge('lag_messages', 'Lag.', ['topic', 'partition']),
        stalls: make.counter('stalls_total', 'Stalls.'),
        expiredMessages: make.counter('expired_messages_total', 'Expired.', ['topic']),
      },
      log: createLogger('some', 'info', { write: (line) => void lines.push(line) }),
      stallMs: 2 * LOOK_MS,
      onFatal: (error: unknown) => void happened.push(String(error)),
      clock,
    },
    /** The samples of all metrics, as they are scraped. */
    scrape: async () => {
      const text = await registry.metrics();
      return text.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
    },
  };
}
