import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from 'prom-client';

/** All that the rollup counts. Labels are resolutions, partitions, codes and actions: never hosts or customers. */
export class RollupMetrics {
  readonly registry = new Registry();
  readonly records = this.#counter('records_total', 'Progress records taken in.');
  readonly unreadableRecords = this.#counter(
    'unreadable_records_total',
    'Progress records that could not be read; the look for dirty buckets makes up for them.',
  );
  readonly coalesced = this.#counter(
    'coalesced_records_total',
    'Progress records about a minute that waited already.',
  );
  readonly decisions = this.#counter(
    'decisions_total',
    'Buckets looked at, by resolution and what came of it: make, stands, wait, too_late.',
    ['resolution', 'decision'],
  );
  readonly recomputes = this.#counter('recomputes_total', 'Buckets made and sealed, by resolution.', [
    'resolution',
  ]);
  readonly failures = this.#counter('failures_total', 'Statements that failed, by code and action.', [
    'code',
    'action',
  ]);
  readonly baselineFolds = this.#counter(
    'baseline_folds_total',
    'Times that days were folded into baselines.',
  );
  readonly consumerEvents = this.#counter(
    'consumer_events_total',
    'Rebalances, crashes, restarts and failed commits of the consumer.',
    ['event'],
  );
  readonly stalls = this.#counter(
    'stalls_total',
    'Times that the watchdog saw the log move and the consumer not.',
  );
  readonly lag = this.#gauge('lag_messages', 'Progress records that are not committed, by partition.', [
    'topic',
    'partition',
  ]);
  readonly dirtyBuckets = this.#gauge(
    'dirty_buckets',
    'Ended buckets that were written to since their seal, by resolution; only where partition 0 is.',
    ['resolution'],
  );
  readonly oldestDirty = this.#gauge(
    'oldest_dirty_seconds',
    'Start of the oldest dirty minute, Unix seconds; 0: none. Only where partition 0 is.',
  );
  readonly recomputeSeconds = new Histogram({
    name: 'bellwether_rollup_recompute_seconds',
    help: 'From the start of a recompute until its seal, by resolution.',
    labelNames: ['resolution'],
    buckets: [0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60],
    registers: [this.registry],
  });

  constructor() {
    collectDefaultMetrics({ register: this.registry });
  }

  /** Where the number of buckets that wait is read from when somebody asks. */
  waitingIs(read: (resolution: 'minute' | 'hour' | 'day') => number): void {
    const gauge: Gauge<'resolution'> = new Gauge({
      name: 'bellwether_rollup_waiting_buckets',
      help: 'Buckets that are to be looked at once they are due, by resolution.',
      labelNames: ['resolution'],
      registers: [this.registry],
      collect: () => {
        for (const resolution of ['minute', 'hour', 'day'] as const) {
          gauge.set({ resolution }, read(resolution));
        }
      },
    });
  }

  #counter<T extends string>(name: string, help: string, labelNames: readonly T[] = []): Counter<T> {
    return new Counter({ name: `bellwether_rollup_${name}`, help, labelNames, registers: [this.registry] });
  }

  #gauge<T extends string>(name: string, help: string, labelNames: readonly T[] = []): Gauge<T> {
    return new Gauge({ name: `bellwether_rollup_${name}`, help, labelNames, registers: [this.registry] });
  }
}
