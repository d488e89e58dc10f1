import { collectDefaultMetrics, Registry } from 'prom-client';
import type { TokenCacheMetrics } from '../../common/auth/token-cache.js';
import { MetricMaker } from '../../common/runtime/metric-maker.js';

const SECONDS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];

/** All that the receiver counts. No label names a tenant or a token. */
export class ReceiverMetrics {
  readonly registry = new Registry();
  readonly #make = new MetricMaker(this.registry, 'receiver');
  readonly answers = this.#make.counter('answers_total', 'Answers to exports, by HTTP status.', ['status']);
  readonly points = this.#make.counter(
    'points_total',
    'Points that Kafka has; a request sent again counts again.',
  );
  readonly rejectedPoints = this.#make.counter('rejected_points_total', 'Points rejected, by reason.', [
    'reason',
  ]);
  readonly pointsWithoutValue = this.#make.counter(
    'points_without_value_total',
    'Points that say that they hold no value; they are dropped, as they say nothing.',
  );
  readonly pointsOutOfTime = this.#make.counter(
    'points_out_of_time_total',
    'Points passed on that the writer will refuse for their time; the sender is told.',
  );
  readonly bytes = this.#make.counter('bytes_total', 'Bytes of bodies, as they were sent.');
  readonly refused = this.#make.counter(
    'refused_total',
    'Requests refused because too many came: of all, with one token, or a second with one token.',
    ['limit'],
  );
  readonly kafkaFailures = this.#make.counter('kafka_failures_total', 'Messages that Kafka did not take.');
  readonly answerSeconds = this.#make.histogram(
    'answer_seconds',
    'Time from an export to its answer, which comes after the acknowledgement of Kafka.',
    SECONDS,
  );
  readonly tokens: TokenCacheMetrics = this.#tokenMetrics();

  constructor() {
    collectDefaultMetrics({ register: this.registry });
  }

  /** Reads gauges at scrape time. */
  watch(read: { readonly tokenAgeMs: () => number; readonly underWay: () => number }): void {
    this.#make.readGauge('under_way', 'Requests under way.', read.underWay);
    this.#make.readGauge('tokens_age_seconds', 'Time since the token table was last read.', () => {
      return read.tokenAgeMs() / 1_000;
    });
  }

  #tokenMetrics(): TokenCacheMetrics {
    let loaded = 0;
    this.#make.readGauge('tokens', 'Valid tokens known.', () => loaded);
    const failures = this.#make.counter(
      'token_reload_failures_total',
      'Times that the token table could not be read.',
    );
    const onDemand = this.#make.counter(
      'unknown_tokens_total',
      'Unknown tokens, by whether the table was read again for it at once or that was limited.',
      ['outcome'],
    );
    return {
      loaded: (count) => (loaded = count),
      failed: () => failures.inc(),
      onDemand: (outcome) => onDemand.inc({ outcome }),
    };
  }
}
