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
import { LABEL_CACHE_BYTES } from './prepare.js';

const environment = z.object({
  ...commonEnvironment,
  KAFKA_BROKERS: brokerList,
  /** With a user who may insert. */
  CLICKHOUSE_URL: httpUrl,
  BELLWETHER_WRITER_PORT: port(DEFAULT_PORTS.writer),
  BELLWETHER_WRITER_GROUP: z.string().min(1).default('bellwether-writer'),
  /** Longest that a message waits for others to share an insert with, milliseconds. */
  BELLWETHER_WRITER_FLUSH_MS: z.coerce.number().int().min(10).max(10_000).default(500),
  /** So many rows are inserted at once; twice as many may be in memory. */
  BELLWETHER_WRITER_FLUSH_ROWS: positiveInteger(100_000),
  /** What may be remembered of series, about 500 bytes each: beyond it they are read anew, eight times as slow. */
  BELLWETHER_WRITER_LABEL_CACHE_BYTES: positiveInteger(LABEL_CACHE_BYTES),
  /** A consumer that does not move for so long while its log does is restarted, seconds. */
  BELLWETHER_WRITER_STALL_SECONDS: positiveInteger(30),
  /** Older measurements are dead-lettered: the table would drop them anyway. */
  BELLWETHER_RAW_RETENTION_HOURS: positiveInteger(48),
});

export interface WriterConfig {
  readonly logLevel: string;
  readonly listenHost: string;
  readonly port: number;
  readonly brokers: readonly string[];
  readonly groupId: string;
  readonly clickhouseUrl: string;
  readonly flushMs: number;
  readonly flushRows: number;
  readonly labelCacheBytes: number;
  readonly stallMs: number;
  readonly retentionMs: number;
}

/** @throws BellwetherError `config_invalid`. */
export function readConfig(variables: NodeJS.ProcessEnv = process.env): WriterConfig {
  const read = parseEnvironment(environment, variables);
  return Object.freeze({
    logLevel: read.LOG_LEVEL,
    listenHost: read.BELLWETHER_LISTEN_HOST,
    port: read.BELLWETHER_WRITER_PORT,
    brokers: read.KAFKA_BROKERS,
    groupId: read.BELLWETHER_WRITER_GROUP,
    clickhouseUrl: read.CLICKHOUSE_URL,
    flushMs: read.BELLWETHER_WRITER_FLUSH_MS,
    flushRows: read.BELLWETHER_WRITER_FLUSH_ROWS,
    labelCacheBytes: read.BELLWETHER_WRITER_LABEL_CACHE_BYTES,
    stallMs: read.BELLWETHER_WRITER_STALL_SECONDS * 1_000,
    retentionMs: read.BELLWETHER_RAW_RETENTION_HOURS * 3_600_000,
  });
}
