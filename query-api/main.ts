import { fileURLToPath } from 'node:url';
import { connectClickHouse } from '../common/clickhouse/connection.js';
import { configureOrExit } from '../common/runtime/configure.js';
import { createLogger } from '../common/runtime/log.js';
import { runService } from '../common/runtime/service.js';
import { createTelemetry } from '../common/telemetry/telemetry.js';
import { TokenCache } from '../common/auth/token-cache.js';
import { readValidTokens } from '../common/auth/token-table.js';
import { readConfig } from './config.js';
import { Gate } from './http/gate.js';
import { createMetrics } from './metrics.js';
import { createExecutor } from './plan/executor.js';
import { buildServer } from './server.js';

/** The token table is read every second; unread for this long, the store counts as away. */
const READY_AGE_MS = 5_000;
const HOUR_MS = 3_600_000;

const config = configureOrExit('api', readConfig);
const log = createLogger('query-api', config.LOG_LEVEL);
const metrics = createMetrics();
const client = connectClickHouse({
  url: config.CLICKHOUSE_URL,
  application: 'bellwether-query-api',
  maxOpenConnections: 32,
});
const tokens = new TokenCache({
  read: (limit, signal) => readValidTokens(client, limit, signal),
  log,
  metrics: metrics.tokens,
});
const gate = new Gate({
  limit: config.BELLWETHER_API_CONCURRENCY,
  limitPerHolder: config.BELLWETHER_API_CONCURRENCY_PER_CUSTOMER,
  onRefused: metrics.refuse,
});
metrics.watch({ tokenAgeMs: () => tokens.ageMs, underWay: () => gate.underWay });

const server = await buildServer({
  log,
  authenticate: (token) => tokens.authenticate(token),
  context: {
    executor: createExecutor({ client, log, observe: metrics.query }),
    gate,
    now: Date.now,
    windowMs: config.BELLWETHER_WINDOW_MS,
    graceMs: config.BELLWETHER_API_GRACE_MS,
    retention: {
      rawMs: config.BELLWETHER_RAW_RETENTION_HOURS * HOUR_MS,
      minuteMs: config.BELLWETHER_MINUTE_RETENTION_DAYS * 24 * HOUR_MS,
      rollupMonths: config.BELLWETHER_ROLLUP_RETENTION_MONTHS,
    },
    eventRetentionMs: config.BELLWETHER_EVENT_RETENTION_DAYS * 24 * HOUR_MS,
    tokenCustomers: () => tokens.customers(),
  },
  own: {
    notReady: () =>
      tokens.ageMs <= READY_AGE_MS ? undefined : 'the store does not answer, or the tables are not made yet',
    metrics: () => metrics.registry.metrics(),
    metricsType: metrics.registry.contentType,
  },
  consoleDirectory: fileURLToPath(new URL('./console/public', import.meta.url)),
  onAnswer: metrics.answer,
});

await runService(log, [
  createTelemetry('query-api'),
  { start: () => Promise.resolve(), stop: () => client.close() },
  tokens,
  {
    async start() {
      await server.listen({ host: config.BELLWETHER_LISTEN_HOST, port: config.BELLWETHER_API_PORT });
    },
    stop: async () => {
      await server.close();
    },
  },
]);
