import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from 'prom-client';
import type { TokenCacheMetrics } from '../common/auth/token-cache.js';

const SECONDS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30];

/** The API's own metrics. No label names a tenant: the route is a pattern, a query is a plan's name. */
export function createMetrics() {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  const registers = [registry];
  const answers = new Counter({
    name: 'bellwether_api_answers_total',
    help: 'Answers by route and status.',
    labelNames: ['route', 'status'],
    registers,
  });
  const duration = new Histogram({
    name: 'bellwether_api_answer_duration_seconds',
    help: 'Time from request to answer.',
    labelNames: ['route'],
    buckets: SECONDS,
    registers,
  });
  const queries = new Histogram({
    name: 'bellwether_api_query_duration_seconds',
    help: 'Time of each query at the store, by plan and outcome (ok, cancelled or an error code).',
    labelNames: ['query', 'outcome'],
    buckets: SECONDS,
    registers,
  });
  const refused = new Counter({
    name: 'bellwether_api_refused_total',
    help: 'Requests refused because too many were under way: all together, or of one holder.',
    labelNames: ['limit'],
    registers,
  });
  return {
    registry,
    answer: (route: string, status: number, seconds: number) => {
      answers.inc({ route, status: String(status) });
      duration.observe({ route }, seconds);
    },
    query: (query: string, outcome: string, seconds: number) => queries.observe({ query, outcome }, seconds),
    refuse: (limit: 'all' | 'holder') => refused.inc({ limit }),
    tokens: createTokenMetrics(registry),
    /** Reads gauges at scrape time. */
    watch(read: { readonly tokenAgeMs: () => number; readonly underWay: () => number }) {
      new Gauge({
        name: 'bellwether_api_tokens_age_seconds',
        help: 'Time since the token table was last read.',
        registers,
        collect() {
          this.set(read.tokenAgeMs() / 1000);
        },
      });
      new Gauge({
        name: 'bellwether_api_under_way',
        help: 'Answers under way.',
        registers,
        collect() {
          this.set(read.underWay());
        },
      });
    },
  };
}

function createTokenMetrics(registry: Registry): TokenCacheMetrics {
  const registers = [registry];
  const tokens = new Gauge({ name: 'bellwether_api_tokens', help: 'Valid tokens known.', registers });
  const failures = new Counter({
    name: 'bellwether_api_token_reload_failures_total',
    help: 'Times that the token table could not be read.',
    registers,
  });
  const onDemand = new Counter({
    name: 'bellwether_api_unknown_tokens_total',
    help: 'Unknown tokens, by whether the table was read again for it at once or that was limited.',
    labelNames: ['outcome'],
    registers,
  });
  return {
    loaded: (count) => tokens.set(count),
    failed: () => failures.inc(),
    onDemand: (outcome) => onDemand.inc({ outcome }),
  };
}
