import { collectDefaultMetrics, Registry } from 'prom-client';
import { MetricMaker } from '../../common/runtime/metric-maker.js';

/** All that the rollup counts. Labels are resolutions, partitions, codes and actions: never hosts or customers. */
export class RollupMetrics {
  readonly registry = new Registry();
  readonly #make = new MetricMaker(this.registry, 'rollup');
  readonly records = this.#make.counter('records_total', 'Progress records taken in.');
  readonly unreadableRecords = this.#make.counter(
    'unreadable_records_total',
    'Progress records that could not be read; the look for dirty buckets makes up for them.',
  );
  readonly coalesced = this.#make.counter(
    'coalesced_records_total',
    'Progress records about a minute that waited already.',
  );
  readonly decisions = this.#make.counter(
    'decisions_total',
    'Buckets looked at, by resolution and what came of it: make, stands, wait, too_late.',
    ['resolution', 'decision'],
  );
  readonly recomputes = this.#make.counter('recomputes_total', 'Buckets made and sealed, by resolution.', [
    'resolution',
  ]);
  readonly failures = this.#make.counter('failures_total', 'Statements that failed, by code and action.', [
    'code',
    'action',
  ]);
  readonly baselineFolds = this.#make.counter(
    'baseline_folds_total',
    'Times that days were folded into baselines.',
  );
  readonly consumerEvents = this.#make.counter(
    'consumer_events_total',
    'Rebalances, crashes, restarts and failed commits of the consumer.',
    ['event'],
  );
  readonly stalls = this.#make.counter(
    'stalls_total',
    'Times that the watchdog saw the log move and the consumer not.',
  );
  readonly lag = this.#make.gauge('lag_messages', 'Progress records that are not committed, by partition.', [
    'topic',
    'partition',
  ]);
  readonly dirtyBuckets = this.#make.gauge(
    'dirty_buckets',
    'Ended buckets that were written to since their seal, by resolution; only where partition 0 is.',
    ['resolution'],
  );
  readonly oldestDirty = this.#make.gauge(
    'oldest_dirty_seconds',
    'Start of the oldest dirty minute, Unix seconds; 0: none. Only where partition 0 is.',
  );
  readonly recomputeSeconds = this.#make.histogram(
    'recompute_seconds',
    'From the start of a recompute until its seal, by resolution.',
    [0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60],
    ['resolution'],
  );

  constructor() {
    collectDefaultMetrics({ register: this.registry });
  }

  /** Where the number of buckets that wait is read from when somebody asks. */
  waitingIs(read: (resolution: 'minute' | 'hour' | 'day') => number): void {
    this.#make.readGaugeBy(
      'waiting_buckets',
      'Buckets that are to be looked at once they are due, by resolution.',
      { label: 'resolution', values: ['minute', 'hour', 'day'] as const },
      read,
    );
  }
}
