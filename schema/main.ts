import { z } from 'zod';
import { connectClickHouse, DATABASE } from '../common/clickhouse/connection.js';
import {
  brokerList,
  commonEnvironment,
  httpUrl,
  parseEnvironment,
  positiveInteger,
} from '../common/config/environment.js';
import { messageOf } from '../common/runtime/errors.js';
import { createLogger } from '../common/runtime/log.js';
import { makeTopics } from './make-topics.js';
import { migrate } from './migrate.js';
import { refuseShortMinutes } from './retention.js';

const environment = z
  .object({
    ...commonEnvironment,
    KAFKA_BROKERS: brokerList,
    CLICKHOUSE_URL: httpUrl,
    /** Name of the cluster that the tables are made on, as its servers know it; unset: a single server. */
    CLICKHOUSE_CLUSTER: z
      .string()
      .regex(/^[A-Za-z_][\w.-]{0,63}$/, 'must be a name of letters, digits, _ . and -')
      .optional(),
    /** Copies of each partition; 3 on a real cluster. */
    KAFKA_REPLICATION_FACTOR: positiveInteger(1),
    BELLWETHER_RAW_RETENTION_HOURS: positiveInteger(48),
    BELLWETHER_EVENT_RETENTION_DAYS: positiveInteger(7),
    BELLWETHER_MINUTE_RETENTION_DAYS: positiveInteger(30),
    BELLWETHER_ROLLUP_RETENTION_MONTHS: positiveInteger(13),
  })
  .superRefine(refuseShortMinutes);

/** Makes the topics, migrates the database, says what it did, ends. Safe to run again at any time. */
async function main(): Promise<void> {
  const config = parseEnvironment(environment);
  const log = createLogger('schema', config.LOG_LEVEL);
  const created = await makeTopics({
    brokers: config.KAFKA_BROKERS,
    clientId: 'bellwether-schema',
    log,
    replicationFactor: config.KAFKA_REPLICATION_FACTOR,
  });
  log.info({ created }, created.length === 0 ? 'all topics were there' : 'topics made');
  const client = connectClickHouse({ url: config.CLICKHOUSE_URL, application: 'bellwether-schema' });
  try {
    const applied = await migrate({
      client,
      settings: {
        database: DATABASE,
        rawRetentionHours: config.BELLWETHER_RAW_RETENTION_HOURS,
        eventRetentionDays: config.BELLWETHER_EVENT_RETENTION_DAYS,
        minuteRetentionDays: config.BELLWETHER_MINUTE_RETENTION_DAYS,
        rollupRetentionMonths: config.BELLWETHER_ROLLUP_RETENTION_MONTHS,
        cluster: config.CLICKHOUSE_CLUSTER ?? '',
      },
    });
    log.info({ applied }, applied === 0 ? 'the database was up to date' : 'statements applied');
  } finally {
    await client.close();
  }
}

try {
  await main();
} catch (error) {
  createLogger('schema', 'info').fatal(
    { error: messageOf(error) },
    'the schema could not be brought up to date',
  );
  process.exitCode = 1;
}
