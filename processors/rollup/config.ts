import { z } from 'zod';
import {
  brokerList,
  commonEnvironment,
  httpUrl,
  parseEnvironment,
  port,
  positiveInteger,
} from '../../common/config/environment.js';
import { DEFAULT_PORTS } from '../../common/config/ports.js';
import { refuseShortMinutes } from '../../schema/retention.js';

const variables = z.object({
  ...commonEnvironment,
  KAFKA_BROKERS: brokerList,
  /** With a user who may read, and insert into minutes, hours, days, seals and baselines. */
  CLICKHOUSE_URL: httpUrl,
  BELLWETHER_ROLLUP_PORT: port(DEFAULT_PORTS.rollup),
  BELLWETHER_ROLLUP_GROUP: z.string().min(1).default('bellwether-rollup'),
  /**
   * So long after its end a bucket is made for the first time, milliseconds. Windows are aligned, so with a multiple
   * of their 5 s it would begin as the next ones arrive: those were seen 0.5 s later (bounded-delay).
   */
  BELLWETHER_ROLLUP_DELAY_MS: z.coerce.number().int().min(0).max(600_000).default(12_000),
  /** Between two looks for buckets that no progress record told of, milliseconds. */
  BELLWETHER_ROLLUP_LOOK_MS: z.coerce.number().int().min(100).max(600_000).default(30_000),
  /** A consumer that does not move for so long while its log does is restarted, seconds. */
  BELLWETHER_ROLLUP_STALL_SECONDS: positiveInteger(60),
  BELLWETHER_RAW_RETENTION_HOURS: positiveInteger(48),
  BELLWETHER_MINUTE_RETENTION_DAYS: positiveInteger(30),
});

const environment = variables.superRefine(refuseShortMinutes);

export interface RollupConfig {
  readonly logLevel: string;
  readonly listenHost: string;
  readonly port: number;
  readonly brokers: readonly string[];
  readonly groupId: string;
  readonly clickhouseUrl: string;
  readonly delayMs: number;
  readonly lookMs: number;
  readonly stallMs: number;
  readonly rawRetentionMs: number;
  readonly minuteRetentionMs: number;
}

/** @throws BellwetherError `config_invalid`. */
export function readConfig(given: NodeJS.ProcessEnv = process.env): RollupConfig {
  const read = parseEnvironment(environment, given);
  return Object.freeze({
    logLevel: read.LOG_LEVEL,
    listenHost: read.BELLWETHER_LISTEN_HOST,
    port: read.BELLWETHER_ROLLUP_PORT,
    brokers: read.KAFKA_BROKERS,
    groupId: read.BELLWETHER_ROLLUP_GROUP,
    clickhouseUrl: read.CLICKHOUSE_URL,
    delayMs: read.BELLWETHER_ROLLUP_DELAY_MS,
    lookMs: read.BELLWETHER_ROLLUP_LOOK_MS,
    stallMs: read.BELLWETHER_ROLLUP_STALL_SECONDS * 1_000,
    rawRetentionMs: read.BELLWETHER_RAW_RETENTION_HOURS * 3_600_000,
    minuteRetentionMs: read.BELLWETHER_MINUTE_RETENTION_DAYS * 86_400_000,
  });
}
