import { hostname } from 'node:os';
import { z } from 'zod';
import {
  brokerList,
  commonEnvironment,
  parseEnvironment,
  port,
  positiveInteger,
} from '../common/config/environment.js';
import { DEFAULT_PORTS } from '../common/config/ports.js';
import { MAX_NAME_LENGTH } from '../common/wire/limits.js';

const MIB = 1024 * 1024;
const name = z.string().min(1).max(MAX_NAME_LENGTH);

const environment = z
  .object({
    ...commonEnvironment,
    KAFKA_BROKERS: brokerList,
    BELLWETHER_LOADER_SOCKET: z.string().min(1).optional(),
    BELLWETHER_REPLAY: z.string().min(1).optional(),
    BELLWETHER_REPLAY_MODE: z.enum(['loop', 'once']).default('loop'),
    BELLWETHER_RECORD: z.string().min(1).optional(),
    BELLWETHER_RECORD_MAX_BYTES: positiveInteger(64 * MIB),
    BELLWETHER_OWNERS_DIR: z.string().min(1),
    BELLWETHER_HOST_ID: name.default(hostname()),
    BELLWETHER_HOST_NAME: name.default(hostname()),
    BELLWETHER_REGION: name.default('local'),
    BELLWETHER_WINDOW_MS: positiveInteger(5_000),
    BELLWETHER_QUEUE_MAX_BATCHES: positiveInteger(720),
    BELLWETHER_QUEUE_MAX_BYTES: positiveInteger(64 * MIB),
    BELLWETHER_MAX_EVENTS: positiveInteger(1_000),
    BELLWETHER_AGENT_PORT: port(DEFAULT_PORTS.agent),
  })
  .superRefine((value, context) => {
    if ((value.BELLWETHER_LOADER_SOCKET === undefined) === (value.BELLWETHER_REPLAY === undefined)) {
      context.addIssue({
        code: 'custom',
        path: ['BELLWETHER_LOADER_SOCKET'],
        message: 'set either this (live probes) or BELLWETHER_REPLAY (a recording), not both',
      });
    }
    if (value.BELLWETHER_RECORD !== undefined && value.BELLWETHER_RECORD === value.BELLWETHER_REPLAY) {
      context.addIssue({
        code: 'custom',
        path: ['BELLWETHER_RECORD'],
        message: 'must not be the file that is replayed',
      });
    }
  });

export type AgentConfig = ReturnType<typeof readConfig>;

/** @throws BellwetherError `config_invalid` that names each variable and what would be right. */
export function readConfig(env: NodeJS.ProcessEnv = process.env) {
  return parseEnvironment(environment, env);
}
