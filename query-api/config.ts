import { z } from 'zod';
import {
  commonEnvironment,
  httpUrl,
  parseEnvironment,
  port,
  positiveInteger,
} from '../common/config/environment.js';
import { DEFAULT_PORTS } from '../common/config/ports.js';

const schema = z.object({
  ...commonEnvironment,
  /** A user who may read and nothing else. */
  CLICKHOUSE_URL: httpUrl,
  BELLWETHER_API_PORT: port(DEFAULT_PORTS.api),
  /** Length of the agents' windows: the finest step of an answer. */
  BELLWETHER_WINDOW_MS: positiveInteger(5_000),
  /** How long after its end a window is expected to be in: a window and what shipping takes. */
  BELLWETHER_API_GRACE_MS: positiveInteger(10_000),
  /** As the schema's: what is older is not there to be read. */
  BELLWETHER_RAW_RETENTION_HOURS: positiveInteger(48),
  BELLWETHER_MINUTE_RETENTION_DAYS: positiveInteger(30),
  BELLWETHER_ROLLUP_RETENTION_MONTHS: positiveInteger(13),
  BELLWETHER_EVENT_RETENTION_DAYS: positiveInteger(7),
  /** Answers under way at once, and of these for one customer. */
  BELLWETHER_API_CONCURRENCY: positiveInteger(32),
  BELLWETHER_API_CONCURRENCY_PER_CUSTOMER: positiveInteger(8),
});

export type Config = z.output<typeof schema>;

/** @throws BellwetherError `config_invalid` */
export function readConfig(environment: NodeJS.ProcessEnv = process.env): Readonly<Config> {
  return parseEnvironment(schema, environment);
}
