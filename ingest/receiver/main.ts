import { TokenCache } from '../../common/auth/token-cache.js';
import { readValidTokens } from '../../common/auth/token-table.js';
import { connectClickHouse } from '../../common/clickhouse/connection.js';
import { createProducer } from '../../common/kafka/producer.js';
import { configureOrExit } from '../../common/runtime/configure.js';
import { messageOf } from '../../common/runtime/errors.js';
import { createLogger } from '../../common/runtime/log.js';
import { runService } from '../../common/runtime/service.js';
import { createTelemetry } from '../../common/telemetry/telemetry.js';
import { readConfig } from './config.js';
import { ReceiverMetrics } from './metrics.js';
import { MAX_MESSAGE_BYTES, Outlet } from './outlet.js';
import { buildServer } from './server.js';
import { TokenLimits } from './token-limits.js';

/** The token table is read every second; unread for this long, the store counts as away. */
const READY_AGE_MS = 5_000;
/** A second or two in all: the sender waits, and tries again by itself. */
const RETRY = { retries: 2, initialRetryTime: 100, maxRetryTime: 500 };
const HOUR_MS = 3_600_000;

const config = configureOrExit('receiver', readConfig);
const log = createLogger('receiver', config.LOG_LEVEL);
const metrics = new ReceiverMetrics();
const client = connectClickHouse({ url: config.CLICKHOUSE_URL, application: 'bellwether-receiver' });
const tokens = new TokenCache({
  read: (limit, signal) => readValidTokens(client, limit, signal),
  log,
  metrics: metrics.tokens,
});
const producer = createProducer({
  brokers: config.KAFKA_BROKERS,
  clientId: 'bellwether-receiver',
  log,
  maxMessageBytes: MAX_MESSAGE_BYTES,
  retry: RETRY,
});
const outlet = new Outlet({ producer, onFailure: () => metrics.kafkaFailures.inc() });
const limits = new TokenLimits({
  concurrency: config.BELLWETHER_RECEIVER_CONCURRENCY,
  concurrencyPerToken: config.BELLWETHER_RECEIVER_CONCURRENCY_PER_TOKEN,
  ratePerToken: config.BELLWETHER_RECEIVER_RATE_PER_TOKEN,
  onRefused: (limit) => metrics.refused.inc({ limit }),
});
metrics.watch({ tokenAgeMs: () => tokens.ageMs, underWay: () => limits.underWay });
const server = buildServer({
  authenticate: (token) => tokens.authenticate(token),
  limits,
  outlet,
  metrics,
  log,
  maxBodyBytes: config.BELLWETHER_RECEIVER_MAX_BODY_BYTES,
  now: Date.now,
  retentionMs: config.BELLWETHER_RAW_RETENTION_HOURS * HOUR_MS,
  notReady: () => {
    if (tokens.ageMs > READY_AGE_MS) return 'the store does not answer, or the tables are not made yet';
    return outlet.trouble;
  },
});

await runService(log, [
  createTelemetry('receiver'),
  { start: () => Promise.resolve(), stop: () => client.close() },
  {
    // While Kafka is away it says so to whoever sends; that is better than not to be there.
    start: () =>
      producer.start().catch((error: unknown) => {
        log.warn({ error: messageOf(error) }, 'Kafka does not answer yet');
      }),
    stop: () => producer.stop(),
  },
  tokens,
  {
    async start() {
      await server.listen({ host: config.BELLWETHER_LISTEN_HOST, port: config.BELLWETHER_RECEIVER_PORT });
    },
    stop: async () => {
      await server.close();
    },
  },
]);
