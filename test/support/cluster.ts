import { execFile, spawn, type ChildProcess } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdir, open, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { pino } from 'pino';
import { createKafka } from '../../common/kafka/client.js';
import {
  configurationDirectory,
  defaultJarsDir,
  kafkaCommand,
  prepareKafka,
  waitForKafka,
  type BrokerOptions,
} from '../../embedded/kafka/broker.js';
import { log4jProperties, serverProperties } from '../../embedded/kafka/server-properties.js';
import { freePorts } from './ports.js';
import { untilDespiteErrors } from './until.js';

const NODES = [1, 2, 3] as const;
export type NodeId = (typeof NODES)[number];
export const REPLICATION_FACTOR = NODES.length;
const START_LIMIT_MS = 90_000;
const log = pino({ level: 'silent' });

/** Three real brokers on loopback, each a controller too: the recipe of the embedded one with two more. */
export interface Cluster {
  readonly brokers: readonly string[];
  /** Who leads a partition; undefined while nobody does. */
  leaderOf(topic: string, partition: number): Promise<NodeId | undefined>;
  /** SIGKILL. */
  kill(node: NodeId): Promise<void>;
  /** Starts a killed one again. */
  start(node: NodeId): Promise<void>;
  /** Resolves when each partition of each topic has all of its copies in sync. */
  untilInSync(limitMs: number): Promise<void>;
  stop(): Promise<void>;
}

interface Node {
  readonly id: NodeId;
  readonly options: BrokerOptions;
  child: ChildProcess | undefined;
}

export async function startCluster(directory: string): Promise<Cluster> {
  const jarsDir = defaultJarsDir();
  await prepareKafka(jarsDir, log);
  const ports = await freePorts(2 * NODES.length);
  const nodes = NODES.map((id, position): Node => {
    const [port = 0, controllerPort = 0] = ports.slice(2 * position);
    const home = join(directory, `broker-${id}`);
    return {
      id,
      options: { home, port, controllerPort, jarsDir, listenHost: '127.0.0.1' },
      child: undefined,
    };
  });
  const clusterId = randomBytes(16).toString('base64url');
  const voters = nodes.map(({ id, options }) => `${id}@127.0.0.1:${options.controllerPort}`).join(',');
  const brokers = nodes.map(({ options }) => `127.0.0.1:${options.port}`);
  const nodeOf = (id: NodeId): Node => nodes[id - 1] ?? missing(id);
  const cluster: Cluster = {
    brokers,
    leaderOf: (topic, partition) => leaderOf(brokers, topic, partition),
    async kill(id) {
      await end(nodeOf(id), 'SIGKILL');
    },
    async start(id) {
      await launch(nodeOf(id));
      await waitForKafka([`127.0.0.1:${nodeOf(id).options.port}`], START_LIMIT_MS, log);
    },
    untilInSync: (limitMs) =>
      untilDespiteErrors('all copies are in sync', async () => (await copiesBehind(brokers)) === 0, limitMs),
    async stop() {
      await Promise.all(nodes.map((node) => end(node, 'SIGKILL')));
    },
  };
  try {
    await Promise.all(nodes.map((node) => format(node, clusterId, voters)));
    await Promise.all(nodes.map(launch));
    await waitForKafka(brokers, START_LIMIT_MS, log);
    await untilDespiteErrors(
      'all brokers are there',
      async () => (await count(brokers)) === 3,
      START_LIMIT_MS,
    );
  } catch (error) {
    await cluster.stop();
    throw error;
  }
  return cluster;
}

/** What is other than on a single node; of two lines with one name Java takes the last. */
function overrides(id: NodeId, voters: string): string {
  const settings = {
    'node.id': id,
    'controller.quorum.voters': voters,
    'default.replication.factor': NODES.length,
    'min.insync.replicas': 2,
    'offsets.topic.replication.factor': NODES.length,
    // A follower that is killed is out of the way as soon.
    'replica.lag.time.max.ms': 5_000,
  };
  return Object.entries(settings)
    .map(([name, value]) => `${name}=${value}\n`)
    .join('');
}

async function format({ id, options }: Node, clusterId: string, voters: string): Promise<void> {
  const own = configurationDirectory(options.home);
  const data = join(options.home, 'kafka', 'data');
  await mkdir(join(own, 'tmp'), { recursive: true });
  await mkdir(join(options.home, 'kafka'), { recursive: true });
  const properties = join(own, 'server.properties');
  await writeFile(properties, serverProperties(options, data) + overrides(id, voters));
  await writeFile(join(own, 'log4j2.properties'), log4jProperties());
  const { command } = kafkaCommand(options);
  const java = ['-Xmx128m', '-XX:+UseSerialGC', '-XX:TieredStopAtLevel=1', '-cp', join(options.jarsDir, '*')];
  const what = ['kafka.tools.StorageTool', 'format', `--cluster-id=${clusterId}`, '-c', properties];
  await promisify(execFile)(command, [...java, ...what]);
}

async function launch(node: Node): Promise<void> {
  const { command, args } = kafkaCommand(node.options);
  const output = await open(join(node.options.home, 'kafka', 'broker.log'), 'a');
  node.child = spawn(command, args, { stdio: ['ignore', output.fd, output.fd] });
  await once(node.child, 'spawn');
  await output.close();
}

async function end(node: Node, signal: NodeJS.Signals): Promise<void> {
  const { child } = node;
  node.child = undefined;
  if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
  const exited = once(child, 'exit');
  child.kill(signal);
  await exited;
}

async function count(brokers: readonly string[]): Promise<number> {
  return withAdmin(brokers, async (admin) => (await admin.describeCluster()).brokers.length);
}

async function leaderOf(
  brokers: readonly string[],
  topic: string,
  partition: number,
): Promise<NodeId | undefined> {
  const { topics } = await withAdmin(brokers, (admin) => admin.fetchTopicMetadata({ topics: [topic] }));
  const leader = topics[0]?.partitions.find(({ partitionId }) => partitionId === partition)?.leader;
  return NODES.find((id) => id === leader);
}

async function copiesBehind(brokers: readonly string[]): Promise<number> {
  const { topics } = await withAdmin(brokers, (admin) => admin.fetchTopicMetadata());
  return topics
    .flatMap(({ partitions }) => partitions)
    .reduce((sum, { isr, replicas }) => sum + replicas.length - isr.length, 0);
}

async function withAdmin<T>(
  brokers: readonly string[],
  work: (admin: ReturnType<ReturnType<typeof createKafka>['admin']>) => Promise<T>,
): Promise<T> {
  const admin = createKafka({ brokers, clientId: 'test-cluster', log }).admin();
  try {
    await admin.connect();
    return await work(admin);
  } finally {
    await admin.disconnect();
  }
}

function missing(id: NodeId): never {
  throw new RangeError(`there is no broker ${id}`);
}
