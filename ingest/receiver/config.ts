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

const MIB = 1024 * 1024;
/** What a topic's message may have, less room for the customer's name at each resource. */
const LARGEST_BODY_BYTES = 7 * MIB;

const environment = z.object({
  ...commonEnvironment,
  KAFKA_BROKERS: brokerList,
  /** With a user who may read the tokens and nothing else. */
  CLICKHOUSE_URL: httpUrl,
  BELLWETHER_RECEIVER_PORT: port(DEFAULT_PORTS.receiver),
  /** Largest body, both as it is sent and unpacked. */
  BELLWETHER_RECEIVER_MAX_BODY_BYTES: positiveInteger(4 * MIB).refine(
    (bytes) => bytes <= LARGEST_BODY_BYTES,
    `must be at most ${LARGEST_BODY_BYTES}: it becomes one message`,
  ),
  /** Requests under way at once, and of these with one token. */
  BELLWETHER_RECEIVER_CONCURRENCY: positiveInteger(64),
  BELLWETHER_RECEIVER_CONCURRENCY_PER_TOKEN: positiveInteger(8),
  /** Requests a second with one token; twice as many may come at once. */
  BELLWETHER_RECEIVER_RATE_PER_TOKEN: positiveInteger(50),
  /** The writer refuses what is older; whoever sends it is told. */
  BELLWETHER_RAW_RETENTION_HOURS: positiveInteger(48),
});

export type ReceiverConfig = ReturnType<typeof readConfig>;

/** @throws BellwetherError `config_invalid` that names each variable and what would be right. */
export function readConfig(variables: NodeJS.ProcessEnv = process.env) {
  return parseEnvironment(environment, variables);
}
