import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from 'prom-client';
import type { Decoding } from './prepare.js';
import type { ForeignCounts } from './foreign/prepare-foreign.js';

/** All that the writer counts. Labels are tables, topics, partitions, codes and reasons: never hosts or customers. */
export class WriterMetrics {
  readonly registry = new Registry();
  readonly messages = this.#counter('messages_total', 'Messages taken in, by topic.', ['topic']);
  readonly batches = this.#counter('batches_total', 'Host windows stored; a replay counts again.');
  readonly points = this.#counter('points_total', 'Points stored; a replay counts again.');
  readonly droppedPackets = this.#counter(
    'drop_packets_total',
    'Packets that the stored windows say were dropped; a replay counts again.',
  );
  readonly foreignPoints = this.#counter(
    'foreign_points_total',
    'Points of other OpenTelemetry senders taken in; a replay counts again.',
  );
  readonly rejectedPoints = this.#counter(
    'rejected_points_total',
    'Points of other OpenTelemetry senders that cannot be taken, by reason; a replay counts again.',
    ['reason'],
  );
  readonly pointsWithoutValue = this.#counter(
    'points_without_value_total',
    'Points of other OpenTelemetry senders that say that they hold no value; a replay counts again.',
  );
  readonly rows = this.#counter('rows_total', 'Rows inserted, by table.', ['table']);
  readonly inserts = this.#counter('inserts_total', 'Inserts that succeeded, by table.', ['table']);
  readonly insertFailures = this.#counter(
    'insert_failures_total',
    'Inserts that failed, by code and action.',
    ['code', 'action'],
  );
  readonly unknownStoreErrors = this.#counter(
    'unknown_store_errors_total',
    'Errors of the store with a code that is not classed (common/clickhouse/errors.ts); they are tried again.',
    ['code'],
  );
  readonly isolations = this.#counter(
    'isolations_total',
    'Groups that were halved to find a refused message.',
  );
  readonly deadLetters = this.#counter('dead_letters_total', 'Messages dead-lettered, by topic and reason.', [
    'topic',
    'reason',
  ]);
  readonly truncatedDeadLetters = this.#counter(
    'dead_letters_truncated_total',
    'Dead letters too large for their topic, sent without their bytes, by topic.',
    ['topic'],
  );
  readonly produceFailures = this.#counter('produce_failures_total', 'Failed sends to Kafka, by topic.', [
    'topic',
  ]);
  readonly consumerEvents = this.#counter(
    'consumer_events_total',
    'Rebalances, crashes, restarts and failed commits of the consumer.',
    ['event'],
  );
  readonly stalls = this.#counter(
    'stalls_total',
    'Times that the watchdog saw the log move and the consumer not.',
  );
  readonly expiredMessages = this.#counter(
    'expired_messages_total',
    'Messages that retention removed before they were stored, by topic.',
    ['topic'],
  );
  readonly lag = this.#gauge('lag_messages', 'Messages in the log that are not committed, by partition.', [
    'topic',
    'partition',
  ]);
  readonly flushSeconds = new Histogram({
    name: 'bellwether_writer_flush_seconds',
    help: 'From the start of a flush until its offsets are committed.',
    buckets: [0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30],
    registers: [this.registry],
  });

  readonly recordDelay = this.#delay(
    'record_delay_seconds',
    "From a message's record time until it is stored.",
  );
  readonly windowDelay = this.#delay(
    'window_delay_seconds',
    "From a window's end, by the host's clock, until it is stored; late ones count too.",
  );

  /** End of the newest window stored, Unix seconds; 0: none yet. */
  newestWindowEnd = 0;

  constructor() {
    collectDefaultMetrics({ register: this.registry });
    this.#read(
      'last_window_end_seconds',
      'End of the newest window stored, Unix seconds; 0: none yet.',
      () => {
        return this.newestWindowEnd;
      },
    );
  }

  /** Where the number of messages in work is read from when somebody asks. */
  outstandingIs(read: () => number): void {
    this.#read('outstanding_messages', 'Messages taken in and not yet done.', read);
  }

  countForeign({ points, refusals, withoutValue }: ForeignCounts): void {
    this.foreignPoints.inc(points);
    this.pointsWithoutValue.inc(withoutValue);
    for (const { reason, points: rejected } of refusals) this.rejectedPoints.inc({ reason }, rejected);
  }

  /** Where the counts of the decoder are read from when somebody asks. */
  decodingIs(read: () => Decoding): void {
    this.#readCounter(
      'general_decodes_total',
      'Messages on signals.v1 that are not written as our agents write them: ten times as slow to read.',
      () => read().general,
    );
    this.#readCounter(
      'labels_forgotten_hosts_total',
      'Times that the labels of a host had to make room: many more than hosts means that the cache is too small.',
      () => read().forgottenHosts,
    );
    this.#read('labels_bytes', 'About so much memory the remembered labels take.', () => read().labelBytes);
  }

  #readCounter(name: string, help: string, read: () => number): void {
    const counter: Counter = new Counter({
      name: `bellwether_writer_${name}`,
      help,
      registers: [this.registry],
      collect: () => {
        counter.reset();
        counter.inc(read());
      },
    });
  }

  #read(name: string, help: string, read: () => number): void {
    const gauge: Gauge = new Gauge({
      name: `bellwether_writer_${name}`,
      help,
      registers: [this.registry],
      collect: () => {
        gauge.set(read());
      },
    });
  }

  #delay(name: string, help: string): Histogram {
    const buckets = [0.05, 0.1, 0.25, 0.5, 0.75, 1, 1.5, 2, 5, 10, 30, 60, 300, 3_600];
    return new Histogram({ name: `bellwether_writer_${name}`, help, buckets, registers: [this.registry] });
  }

  #counter<T extends string>(name: string, help: string, labelNames: readonly T[] = []): Counter<T> {
    return new Counter({ name: `bellwether_writer_${name}`, help, labelNames, registers: [this.registry] });
  }

  #gauge<T extends string>(name: string, help: string, labelNames: readonly T[] = []): Gauge<T> {
    return new Gauge({ name: `bellwether_writer_${name}`, help, labelNames, registers: [this.registry] });
  }
}
