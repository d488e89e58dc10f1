import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { resolve } from 'node:path';
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
import { BellwetherError } from '../../common/runtime/errors.js';

/**
 * First of the numeric users (users.ts). 60706 to 61183 is the range that systemd's table of uids leaves unused,
 * and Debian's list of fixed uids begins at 64000.
 */
const DEFAULT_UID_BASE = 60_811;

/** `host.id` must be stable over reboots; the machine id itself is confidential, so a hash of it. */
function defaultHostId(): string {
  try {
    const machineId = readFileSync('/etc/machine-id', 'utf8').trim();
    if (machineId !== '')
      return createHash('sha256').update(`bellwether\0${machineId}`).digest('hex').slice(0, 32);
  } catch {
    // No machine id (a bare container): the name has to do.
  }
  return hostname();
}

const schema = z
  .object({
    ...commonEnvironment,
    BELLWETHER_HOME: z.string().default('.bellwether'),
    BELLWETHER_UID_BASE: positiveInteger(DEFAULT_UID_BASE),
    BELLWETHER_KAFKA_PORT: port(DEFAULT_PORTS.kafka),
    BELLWETHER_KAFKA_CONTROLLER_PORT: port(DEFAULT_PORTS.kafkaController),
    BELLWETHER_STORE_PORT: port(DEFAULT_PORTS.store),
    BELLWETHER_API_PORT: port(DEFAULT_PORTS.api),
    BELLWETHER_WRITER_PORT: port(DEFAULT_PORTS.writer),
    BELLWETHER_ROLLUP_PORT: port(DEFAULT_PORTS.rollup),
    BELLWETHER_RECEIVER_PORT: port(DEFAULT_PORTS.receiver),
    BELLWETHER_AGENT_PORT: port(DEFAULT_PORTS.agent),
    KAFKA_BROKERS: brokerList.optional(),
    CLICKHOUSE_URL: httpUrl.optional(),
    BELLWETHER_HOST_ID: z.string().optional(),
    BELLWETHER_HOST_NAME: z.string().optional(),
    BELLWETHER_REGION: z.string().default('local'),
    BELLWETHER_WINDOW_MS: positiveInteger(5_000),
    BELLWETHER_DEMO_NETNS_PREFIX: z
      .string()
      .regex(/^[a-z0-9-]{0,40}$/, 'must be lower-case letters, digits and -')
      .default(''),
  })
  .check((context) => {
    const ports = Object.entries(context.value).filter(([name]) => name.endsWith('_PORT'));
    const seen = new Map<unknown, string>();
    for (const [name, value] of ports) {
      const other = seen.get(value);
      if (other !== undefined) {
        context.issues.push({
          code: 'custom',
          input: value,
          path: [name],
          message: `as ${other} is: give each its own port`,
        });
      }
      seen.set(value, name);
    }
  });

export interface StackConfig {
  readonly home: string;
  readonly listenHost: string;
  readonly logLevel: string;
  readonly uidBase: number;
  readonly ports: Readonly<Record<keyof typeof DEFAULT_PORTS, number>>;
  /** Set when real ones replace the embedded parts. */
  readonly kafkaBrokers: readonly string[] | undefined;
  readonly clickhouseUrl: string | undefined;
  readonly host: { readonly id: string; readonly name: string; readonly region: string };
  readonly windowMs: number;
  readonly demoPrefix: string;
  /** Variables of the user that go on to every service as they are (`OTEL_*`, `BELLWETHER_*`, …). */
  readonly passedOn: Readonly<Record<string, string>>;
}

/** What every service may get from the user's environment; never credentials of the user. */
const PASSED_ON =
  /^(OTEL_|KAFKA_REPLICATION_FACTOR$|CLICKHOUSE_CLUSTER$|CLICKHOUSE_CLUSTER$|BELLWETHER_(?!HOME$|UID_BASE$|.*_PORT$|STORE_DIR$|STORE_USERS$|LOADER_)|TZ$|LANG$|LC_ALL$|LOG_LEVEL$)/;

/** @throws BellwetherError `config_invalid`. */
export function readStackConfig(environment: NodeJS.ProcessEnv = process.env): StackConfig {
  const parsed = parseEnvironment(schema, environment);
  const home = resolve(parsed.BELLWETHER_HOME);
  // Unix socket addresses hold 107 bytes.
  if (`${home}/run/loader.sock`.length > 107) {
    throw new BellwetherError(
      'config_invalid',
      `BELLWETHER_HOME: ${home} is too long for the sockets in it; use a path of at most 90 characters`,
    );
  }
  const passedOn = Object.entries(environment).filter(
    (entry): entry is [string, string] => PASSED_ON.test(entry[0]) && entry[1] !== undefined,
  );
  return Object.freeze({
    home,
    listenHost: parsed.BELLWETHER_LISTEN_HOST,
    logLevel: parsed.LOG_LEVEL,
    uidBase: parsed.BELLWETHER_UID_BASE,
    ports: {
      kafka: parsed.BELLWETHER_KAFKA_PORT,
      kafkaController: parsed.BELLWETHER_KAFKA_CONTROLLER_PORT,
      store: parsed.BELLWETHER_STORE_PORT,
      api: parsed.BELLWETHER_API_PORT,
      writer: parsed.BELLWETHER_WRITER_PORT,
      rollup: parsed.BELLWETHER_ROLLUP_PORT,
      receiver: parsed.BELLWETHER_RECEIVER_PORT,
      agent: parsed.BELLWETHER_AGENT_PORT,
    },
    kafkaBrokers: parsed.KAFKA_BROKERS,
    clickhouseUrl: parsed.CLICKHOUSE_URL,
    host: {
      id: parsed.BELLWETHER_HOST_ID ?? defaultHostId(),
      name: parsed.BELLWETHER_HOST_NAME ?? hostname(),
      region: parsed.BELLWETHER_REGION,
    },
    windowMs: parsed.BELLWETHER_WINDOW_MS,
    demoPrefix: parsed.BELLWETHER_DEMO_NETNS_PREFIX,
    passedOn: Object.fromEntries(passedOn),
  });
}
