import { connectClickHouse } from '../../common/clickhouse/connection.js';
import { createGroupConsumer, type ReceivedMessage } from '../../common/kafka/consumer.js';
import { createOffsetReader } from '../../common/kafka/partition-offsets.js';
import { createProgressWatch } from '../../common/kafka/progress-watch.js';
import { systemClock } from '../../common/runtime/clock.js';
import { configureOrExit } from '../../common/runtime/configure.js';
import { messageOf } from '../../common/runtime/errors.js';
import { createHealthServer } from '../../common/runtime/health-server.js';
import { createLogger } from '../../common/runtime/log.js';
import { runService } from '../../common/runtime/service.js';
import { createTelemetry } from '../../common/telemetry/telemetry.js';
import { PROGRESS_TOPIC } from '../../schema/topics.js';
import { Baselines } from './baselines.js';
import { readConfig } from './config.js';
import { createLook } from './look.js';
import { Maker } from './maker.js';
import { RollupMetrics } from './metrics.js';
import { createRollup, roomFor, takeIn } from './rollup.js';
import { GAPS_MS, Schedule } from './schedule.js';
import { ClickHouseRollupStore } from './store.js';
import { Waker } from './waker.js';

/** A day of many series takes a while. */
const STATEMENT_LIMIT_MS = 300_000;

const config = configureOrExit('rollup', readConfig);
const log = createLogger('rollup', config.logLevel);
const metrics = new RollupMetrics();
const clock = systemClock;
const kafka = { brokers: config.brokers, clientId: 'bellwether-rollup', log };

/** Ends at once: nothing that is not sealed is committed, so the next start goes on where this one was. */
const onFatal = (error: unknown) => {
  log.fatal({ error: messageOf(error) }, 'cannot go on');
  process.exit(1);
};

const client = connectClickHouse({
  url: config.clickhouseUrl,
  application: 'bellwether-rollup',
  requestTimeoutMs: STATEMENT_LIMIT_MS,
});
const store = new ClickHouseRollupStore(client);
const schedule = new Schedule<ReceivedMessage>({ delayMs: config.delayMs, gapsMs: GAPS_MS });
const waker = new Waker(clock);
const group = { ...kafka, groupId: config.groupId, topics: [PROGRESS_TOPIC] };
const consumer = createGroupConsumer({
  ...group,
  roomFor: () => roomFor({ schedule, clock }),
  onMessage: (message) => take(message),
  onEvent: (event) => metrics.consumerEvents.inc({ event }),
  onFatal,
});
const take = takeIn({ schedule, metrics, consumer, waker });
const offsetReader = createOffsetReader({ ...group, clientId: 'bellwether-rollup-watch' });
const { rawRetentionMs, minuteRetentionMs, delayMs, lookMs } = config;
const maker = new Maker({
  store,
  schedule,
  metrics,
  log,
  clock,
  rawRetentionMs,
  onDone: (message) => consumer.offsets.done(message, message.offset),
  headersOf: ({ headers }) => headers,
});
const baselines = new Baselines({ store, metrics, log });
metrics.waitingIs((resolution) => schedule.waiting(resolution));

const notReady = () => {
  if (!consumer.joined()) return 'not in the consumer group';
  return maker.trouble === undefined ? undefined : `the store does not roll up: ${maker.trouble}`;
};

await runService(log, [
  createTelemetry('rollup'),
  createHealthServer({ host: config.listenHost, port: config.port, registry: metrics.registry, notReady }),
  { start: () => Promise.resolve(), stop: () => client.close() },
  offsetReader,
  createRollup({ schedule, maker, consumer, metrics, clock, waker, onFatal }),
  createLook({
    store,
    consumer,
    metrics,
    log,
    clock,
    lookMs,
    delayMs,
    rawRetentionMs,
    minuteRetentionMs,
    onDirty: (bucket) => {
      schedule.touch(bucket);
      waker.wake();
    },
    afterLook: (untilMs) => baselines.fold(untilMs),
  }),
  createProgressWatch({
    consumer,
    offsetReader,
    metrics,
    log,
    clock,
    stallMs: config.stallMs,
    // A record is committed when its minute is made, a minute and more later: no stall, as long as it is here.
    holdsMessagesOf: ({ partition }) => schedule.some((message) => message.partition === partition),
    onFatal,
  }),
]);
