import { collectDefaultMetrics, Registry } from 'prom-client';
import { MetricMaker } from '../../common/runtime/metric-maker.js';
import type { Decoding } from './prepare.js';
import type { ForeignCounts } from './foreign/prepare-foreign.js';

/** Seconds. */
const DELAY_BUCKETS = [0.05, 0.1, 0.25, 0.5, 0.75, 1, 1.5, 2, 5, 10, 30, 60, 300, 3_600];

/** All that the writer counts. Labels are tables, topics, partitions, codes and reasons: never hosts or customers. */
export class WriterMetrics {
  readonly registry = new Registry();
  readonly #make = new MetricMaker(this.registry, 'writer');
  readonly messages = this.#make.counter('messages_total', 'Messages taken in, by topic.', ['topic']);
  readonly batches = this.#make.counter('batches_total', 'Host windows stored; a replay counts again.');
  readonly points = this.#make.counter('points_total', 'Points stored; a replay counts again.');
  readonly droppedPackets = this.#make.counter(
    'drop_packets_total',
    'Packets that the stored windows say were dropped; a replay counts again.',
  );
  readonly foreignPoints = this.#make.counter(
    'foreign_points_total',
    'Points of other OpenTelemetry senders taken in; a replay counts again.',
  );
  readonly rejectedPoints = this.#make.counter(
    'rejected_points_total',
    'Points of other OpenTelemetry senders that cannot be taken, by reason; a replay counts again.',
    ['reason'],
  );
  readonly pointsWithoutValue = this.#make.counter(
    'points_without_value_total',
    'Points of other OpenTelemetry senders that say that they hold no value; a replay counts again.',
  );
  readonly rows = this.#make.counter('rows_total', 'Rows inserted, by table.', ['table']);
  readonly inserts = this.#make.counter('inserts_total', 'Inserts that succeeded, by table.', ['table']);
  readonly insertFailures = this.#make.counter(
    'insert_failures_total',
    'Inserts that failed, by code and action.',
    ['code', 'action'],
  );
  readonly unknownStoreErrors = this.#make.counter(
    'unknown_store_errors_total',
    'Errors of the store with a code that is not classed (common/clickhouse/errors.ts); they are tried again.',
    ['code'],
  );
  readonly isolations = this.#make.counter(
    'isolations_total',
    'Groups that were halved to find a refused message.',
  );
  readonly deadLetters = this.#make.counter(
    'dead_letters_total',
    'Messages dead-lettered, by topic and reason.',
    ['topic', 'reason'],
  );
  readonly truncatedDeadLetters = this.#make.counter(
    'dead_letters_truncated_total',
    'Dead letters too large for their topic, sent without their bytes, by topic.',
    ['topic'],
  );
  readonly produceFailures = this.#make.counter(
    'produce_failures_total',
    'Failed sends to Kafka, by topic.',
    ['topic'],
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
  readonly expiredMessages = this.#make.counter(
    'expired_messages_total',
    'Messages that retention removed before they were stored, by topic.',
    ['topic'],
  );
  readonly lag = this.#make.gauge(
    'lag_messages',
    'Messages in the log that are not committed, by partition.',
    ['topic', 'partition'],
  );
  readonly flushSeconds = this.#make.histogram(
    'flush_seconds',
    'From the start of a flush until its offsets are committed.',
    [0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30],
  );

  readonly recordDelay = this.#make.histogram(
    'record_delay_seconds',
    "From a message's record time until it is stored.",
    DELAY_BUCKETS,
  );
  readonly windowDelay = this.#make.histogram(
    'window_delay_seconds',
    "From a window's end, by the host's clock, until it is stored; late ones count too.",
    DELAY_BUCKETS,
  );

  /** End of the newest window stored, Unix seconds; 0: none yet. */
  newestWindowEnd = 0;

  constructor() {
    collectDefaultMetrics({ register: this.registry });
    this.#make.readGauge(
      'last_window_end_seconds',
      'End of the newest window stored, Unix seconds; 0: none yet.',
      () => this.newestWindowEnd,
    );
  }

  /** Where the number of messages in work is read from when somebody asks. */
  outstandingIs(read: () => number): void {
    this.#make.readGauge('outstanding_messages', 'Messages taken in and not yet done.', read);
  }

  countForeign({ points, refusals, withoutValue }: ForeignCounts): void {
    this.foreignPoints.inc(points);
    this.pointsWithoutValue.inc(withoutValue);
    for (const { reason, points: rejected } of refusals) this.rejectedPoints.inc({ reason }, rejected);
  }

  /** Where the counts of the decoder are read from when somebody asks. */
  decodingIs(read: () => Decoding): void {
    this.#make.readCounter(
      'general_decodes_total',
      'Messages on signals.v1 that are not written as our agents write them: ten times as slow to read.',
      () => read().general,
    );
    this.#make.readCounter(
      'labels_forgotten_hosts_total',
      'Times that the labels of a host had to make room: many more than hosts means that the cache is too small.',
      () => read().forgottenHosts,
    );
    this.#make.readGauge(
      'labels_bytes',
      'About so much memory the remembered labels take.',
      () => read().labelBytes,
    );
  }
}
