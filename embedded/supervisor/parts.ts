import { closeSync, chownSync, existsSync, openSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { messageOf } from '../../common/runtime/errors.js';
import type { Logger } from '../../common/runtime/log.js';
import { netnsPath } from '../demo/ip.js';
import type { DemoPlan } from '../demo/plan.js';
import { configurationDirectory, kafkaCommand, waitForKafka, type BrokerOptions } from '../kafka/broker.js';
import type { LaunchRequest, NumericUser } from '../launch/launch.js';
import type { StackConfig } from './config.js';
import { httpProbe } from './health.js';
import type { HomePaths } from './home.js';
import { findProgram, installationOf } from './machine.js';
import type { ProcessSpec } from './managed-process.js';
import type { StoreAccess, StoreUser } from './secrets.js';
import type { UnitSpec } from './unit.js';
import type { Users } from './users.js';

/** All that the parts are made from. */
export interface StackContext {
  readonly config: StackConfig;
  readonly paths: HomePaths;
  readonly users: Users;
  readonly access: StoreAccess;
  readonly log: Logger;
  /** Root of the compiled code (`dist`). */
  readonly code: string;
  /** What every Node process must reach: code, packages, Node itself. */
  readonly codeNeeds: readonly string[];
  readonly loader: string;
  readonly brokers: readonly string[];
}

const READY_LIMIT_MS = 60_000;
/** A broker that answers at all does so within this, also on a busy machine. */
const HEALTH_LIMIT_MS = 10_000;
/** A service ends within 20 s by itself (common/runtime/service.ts). */
const STOP_LIMIT_MS = 25_000;

const hostUrl = (context: StackContext, port: number) => `http://${loopbackOf(context)}:${String(port)}`;

/** Where the supervisor itself reaches what listens on the configured address. */
export function loopbackOf(context: Pick<StackContext, 'config'>): string {
  const { listenHost } = context.config;
  return listenHost === '0.0.0.0' || listenHost === '::' ? '127.0.0.1' : listenHost;
}

/** A service of ours: `node dist/MAIN` with the given variables as the given user. */
export function nodeRequest(
  context: StackContext,
  main: string,
  user: NumericUser | undefined,
  environment: Readonly<Record<string, string>>,
  needs: readonly string[] = [],
): LaunchRequest {
  return {
    command: [process.execPath, '--enable-source-maps', join(context.code, main)],
    environment: {
      HOME: '/',
      NODE_ENV: 'production',
      BELLWETHER_LISTEN_HOST: context.config.listenHost,
      LOG_LEVEL: context.config.logLevel,
      ...context.config.passedOn,
      ...environment,
    },
    user,
    needs: [...context.codeNeeds, ...needs],
  };
}

function service(
  context: StackContext,
  name: string,
  port: number,
  request: ProcessSpec['request'],
  readyPath = '/readyz',
  healthPath = '/healthz',
): ProcessSpec {
  return {
    name,
    logFile: join(context.paths.log, `${name}.log`),
    request,
    ready: httpProbe(`${hostUrl(context, port)}${readyPath}`),
    readyLimitMs: READY_LIMIT_MS,
    health: httpProbe(`${hostUrl(context, port)}${healthPath}`),
    stopLimitMs: STOP_LIMIT_MS,
  };
}

export function brokerOptions(
  context: Pick<StackContext, 'config' | 'paths'>,
  jarsDir: string,
): BrokerOptions {
  return {
    home: context.paths.home,
    jarsDir,
    port: context.config.ports.kafka,
    controllerPort: context.config.ports.kafkaController,
    listenHost: context.config.listenHost,
  };
}

export function kafkaUnit(context: StackContext, jarsDir: string): UnitSpec {
  const { command, args, env } = kafkaCommand(brokerOptions(context, jarsDir));
  const program = findProgram(command) ?? command;
  const java = installationOf(program);
  const process: ProcessSpec = {
    name: 'kafka',
    logFile: join(context.paths.log, 'kafka.log'),
    request: () => ({
      command: [program, ...args],
      environment: { HOME: '/', ...env },
      user: context.users.kafka,
      needs: [jarsDir, context.paths.kafka, configurationDirectory(context.paths.home), ...java],
    }),
    ready: async () => {
      await waitForKafka(context.brokers, READY_LIMIT_MS, context.log);
      return undefined;
    },
    readyLimitMs: READY_LIMIT_MS,
    health: () =>
      waitForKafka(context.brokers, HEALTH_LIMIT_MS, context.log).then(() => undefined, messageOf),
    stopLimitMs: STOP_LIMIT_MS,
  };
  return { name: 'kafka', processes: [process] };
}

export function storeUnit(context: StackContext): UnitSpec {
  const { ports } = context.config;
  const request = () =>
    nodeRequest(
      context,
      'embedded/store/main.js',
      context.users.store,
      {
        BELLWETHER_STORE_PORT: String(ports.store),
        BELLWETHER_STORE_DIR: context.paths.store,
        BELLWETHER_STORE_USERS: context.access.storeUsers,
      },
      [context.paths.store],
    );
  return { name: 'store', processes: [service(context, 'store', ports.store, request, '/ping', '/ping')] };
}

/** Where a service finds Kafka, and ClickHouse as the user whose rights it has there. */
function kafkaAndStore(context: StackContext, user: StoreUser): Readonly<Record<string, string>> {
  return { KAFKA_BROKERS: context.brokers.join(','), CLICKHOUSE_URL: context.access.urlOf(user) };
}

/** Topics and tables: runs once and ends. */
export function schemaRequest(context: StackContext): LaunchRequest {
  return nodeRequest(context, 'schema/main.js', context.users.schema, kafkaAndStore(context, 'admin'));
}

/** Services that listen on the port of their name and run as the user of their name. */
const SERVICES = {
  writer: { main: 'processors/writer/main.js', portVariable: 'BELLWETHER_WRITER_PORT' },
  rollup: { main: 'processors/rollup/main.js', portVariable: 'BELLWETHER_ROLLUP_PORT' },
  receiver: { main: 'ingest/receiver/main.js', portVariable: 'BELLWETHER_RECEIVER_PORT' },
  api: { main: 'query-api/main.js', portVariable: 'BELLWETHER_API_PORT' },
} as const;

function serviceUnit(
  context: StackContext,
  name: keyof typeof SERVICES,
  environment: Readonly<Record<string, string>>,
): UnitSpec {
  const { main, portVariable } = SERVICES[name];
  const port = context.config.ports[name];
  const request = () =>
    nodeRequest(context, main, context.users[name], { ...environment, [portVariable]: String(port) });
  return { name, processes: [service(context, name, port, request)] };
}

export function writerUnit(context: StackContext): UnitSpec {
  return serviceUnit(context, 'writer', kafkaAndStore(context, 'writer'));
}

export function rollupUnit(context: StackContext): UnitSpec {
  return serviceUnit(context, 'rollup', kafkaAndStore(context, 'rollup'));
}

export function receiverUnit(context: StackContext): UnitSpec {
  return serviceUnit(context, 'receiver', kafkaAndStore(context, 'reader'));
}

export function apiUnit(context: StackContext): UnitSpec {
  return serviceUnit(context, 'api', {
    CLICKHOUSE_URL: context.access.urlOf('reader'),
    BELLWETHER_WINDOW_MS: String(context.config.windowMs),
  });
}

/** The loader watches the kernel as root until its probes are attached, and gives that up by itself. */
function loaderProcess(context: StackContext): ProcessSpec {
  const { paths, config, users } = context;
  const owner = users.agent ?? { uid: process.getuid?.() ?? 0, gid: process.getgid?.() ?? 0 };
  const parameters = ['--socket', paths.loaderSocket, '--uid', String(owner.uid), '--gid', String(owner.gid)];
  return {
    name: 'loader',
    logFile: join(paths.log, 'loader.log'),
    request: () => {
      // What a killed loader left: the agent must not take it for the new one's.
      rmSync(paths.loaderSocket, { force: true });
      return {
        command: [context.loader, ...parameters, '--window-ms', String(config.windowMs)],
        environment: {},
        user: undefined,
        needs: [],
      };
    },
    ready: () =>
      Promise.resolve(existsSync(paths.loaderSocket) ? undefined : `${paths.loaderSocket} is not there`),
    readyLimitMs: READY_LIMIT_MS,
    health: undefined,
    stopLimitMs: STOP_LIMIT_MS,
  };
}

function agentProcess(context: StackContext, replay: string | undefined): ProcessSpec {
  const { config, paths, users } = context;
  const record = process.env['BELLWETHER_RECORD'];
  const input =
    replay === undefined ? { BELLWETHER_LOADER_SOCKET: paths.loaderSocket } : { BELLWETHER_REPLAY: replay };
  const needs = [paths.run, paths.owners, ...(replay === undefined ? [] : [replay])];
  const request = () => {
    if (record !== undefined && record !== '') giveFile(record, users.agent);
    return nodeRequest(
      context,
      'ingest/main.js',
      users.agent,
      {
        ...input,
        ...(record === undefined || record === '' ? {} : { BELLWETHER_RECORD: record }),
        KAFKA_BROKERS: context.brokers.join(','),
        BELLWETHER_OWNERS_DIR: paths.owners,
        BELLWETHER_HOST_ID: config.host.id,
        BELLWETHER_HOST_NAME: config.host.name,
        BELLWETHER_REGION: config.host.region,
        BELLWETHER_WINDOW_MS: String(config.windowMs),
        BELLWETHER_AGENT_PORT: String(config.ports.agent),
      },
      [...needs, ...(record === undefined || record === '' ? [] : [record])],
    );
  };
  return service(context, 'agent', config.ports.agent, request);
}

/** Makes a file that the agent's user may write to where it could not make one. */
function giveFile(path: string, user: NumericUser | undefined): void {
  closeSync(openSync(path, 'a', 0o644));
  if (user !== undefined) chownSync(path, user.uid, user.gid);
}

/** With the kernel as source loader and agent are a pair: when either ends, both start anew. */
export function agentUnit(context: StackContext, replay: string | undefined): UnitSpec {
  const agent = agentProcess(context, replay);
  if (replay !== undefined) return { name: 'agent', processes: [agent] };
  return { name: 'agent', processes: [loaderProcess(context), agent] };
}

/** Steady traffic between the demo's customers, each process inside its customer's namespace. */
export function trafficUnit(context: StackContext, plan: DemoPlan): UnitSpec {
  const processes = plan.customers.map(({ customer, netns, address }): ProcessSpec => {
    const peer = plan.customers.find((other) => other.customer !== customer)?.address ?? address;
    const service = nodeRequest(context, 'embedded/demo/traffic.js', context.users.demo, {});
    return {
      name: `traffic-${customer}`,
      logFile: join(context.paths.log, `traffic-${customer}.log`),
      request: () => ({
        ...service,
        command: [...service.command, address, peer],
        networkNamespace: netnsPath(netns),
      }),
      ready: () => Promise.resolve(undefined),
      readyLimitMs: READY_LIMIT_MS,
      health: undefined,
      stopLimitMs: STOP_LIMIT_MS,
    };
  });
  return { name: 'traffic', processes };
}
