import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import { connectClickHouse, type ClickHouseClient } from '../../../common/clickhouse/connection.js';
import { defaultJarsDir } from '../../../embedded/kafka/broker.js';
import { startBroker } from '../../../embedded/kafka/process.js';
import { homePaths } from '../../../embedded/supervisor/home.js';
import { prepareStoreAccess, type StoreAccess } from '../../../embedded/supervisor/secrets.js';
import { startPart } from '../part.js';
import { PROJECT } from '../paths.js';
import { freePorts } from '../ports.js';
import { Kept, type Life } from './kept.js';

/** Broker, store, writers, rollup and agent as they run in production, each of which may be killed at any time. */
export interface Line {
  readonly directory: string;
  readonly brokers: readonly string[];
  readonly client: ClickHouseClient;
  readonly broker: Kept;
  readonly store: Kept;
  readonly writers: readonly Kept[];
  readonly rollup: Kept;
  readonly agent: Kept;
  /** Where the writers say why they are not ready. */
  readonly readyz: readonly string[];
  /** What the next lives of the store get into their environment, one each; then nothing. */
  readonly nextStores: Record<string, string>[];
  /** Logs and data stay for whoever looks for a cause. @returns their directory */
  keep(): string;
  stop(): Promise<void>;
}

/** `host.id` of the real agent, which replays a recording. */
export const AGENT_HOST = 'agent-1';
const READY_LIMIT_MS = 60_000;

interface Place {
  readonly directory: string;
  readonly ports: Readonly<
    Record<'kafka' | 'controller' | 'store' | 'first' | 'second' | 'rollup' | 'agent', number>
  >;
  readonly brokers: readonly string[];
  readonly access: StoreAccess;
}

/** Makes topics and tables and starts everything but the agent. @param storeDirectory where else the store's data lies */
export async function startLine(storeDirectory?: string): Promise<Line> {
  const place = await makePlace();
  const { directory, brokers, access, ports } = place;
  const nextStores: Record<string, string>[] = [];
  const writers = [keptWriter(place, 'writer-1', ports.first), keptWriter(place, 'writer-2', ports.second)];
  const rollup = keptRollup(place);
  const processors = [...writers, rollup];
  let isKept = false;
  const line: Line = {
    directory,
    brokers,
    client: connectClickHouse({ url: access.urlOf('admin'), application: 'test', requestTimeoutMs: 120_000 }),
    broker: keptBroker(place),
    store: keptStore(place, storeDirectory ?? join(directory, 'store'), nextStores),
    writers,
    rollup,
    agent: keptAgent(place),
    readyz: [ports.first, ports.second].map((port) => `http://127.0.0.1:${String(port)}/readyz`),
    nextStores,
    keep: () => {
      isKept = true;
      return directory;
    },
    stop: async () => {
      await Promise.all([line.agent, ...processors].map((kept) => kept.stop()));
      await Promise.all([line.client.close(), line.broker.stop(), line.store.stop()]);
      if (!isKept) await rm(directory, { recursive: true, force: true });
    },
  };
  try {
    await Promise.all([line.broker.start(), line.store.start()]);
    await makeSchema(place);
    await Promise.all(processors.map((kept) => kept.start(READY_LIMIT_MS)));
    return line;
  } catch (error) {
    await line.stop();
    throw error;
  }
}

async function makePlace(): Promise<Place> {
  const directory = await mkdtemp(join(tmpdir(), 'bellwether-line-'));
  const [kafka = 0, controller = 0, store = 0, first = 0, second = 0, rollup = 0, agent = 0] =
    await freePorts(7);
  const paths = homePaths(directory);
  await mkdir(paths.secrets, { recursive: true });
  return {
    directory,
    ports: { kafka, controller, store, first, second, rollup, agent },
    brokers: [`127.0.0.1:${String(kafka)}`],
    access: prepareStoreAccess(paths, `http://127.0.0.1:${String(store)}`, undefined),
  };
}

async function makeSchema({ directory, brokers, access }: Place): Promise<void> {
  const schema = startPart('schema/main.js', join(directory, 'schema.log'), {
    KAFKA_BROKERS: brokers.join(','),
    CLICKHOUSE_URL: access.urlOf('admin'),
  });
  if ((await schema.exited) !== 0) throw new Error(`no schema: ${schema.output()}`);
}

function keptBroker({ directory, ports }: Place): Kept {
  const options = {
    home: join(directory, 'home'),
    port: ports.kafka,
    controllerPort: ports.controller,
    jarsDir: defaultJarsDir(),
    listenHost: '127.0.0.1',
  };
  let isUp = false;
  const start = async (): Promise<Life> => {
    const broker = await startBroker(options, pino({ level: 'silent' }));
    isUp = true;
    let ended = (): void => undefined;
    const exited = new Promise<void>((resolve) => (ended = resolve));
    return {
      exited,
      async end(signal) {
        isUp = false;
        await (signal === 'SIGKILL' ? broker.kill() : broker.stop());
        ended();
      },
    };
  };
  return new Kept({ name: 'broker', start, isUp: () => Promise.resolve(isUp) });
}

function keptStore({ directory, ports, access }: Place, data: string, next: Record<string, string>[]): Kept {
  return new Kept({
    name: 'store',
    async start() {
      await mkdir(data, { recursive: true });
      return startPart('embedded/store/main.js', join(directory, 'store.log'), {
        BELLWETHER_STORE_DIR: data,
        BELLWETHER_STORE_PORT: String(ports.store),
        BELLWETHER_STORE_USERS: access.storeUsers,
        ...next.shift(),
      });
    },
    isUp: () => answers(ports.store, '/ping'),
  });
}

function keptWriter({ directory, brokers, access }: Place, name: string, port: number): Kept {
  return new Kept({
    name,
    start: () =>
      Promise.resolve(
        startPart('processors/writer/main.js', join(directory, `${name}.log`), {
          KAFKA_BROKERS: brokers.join(','),
          CLICKHOUSE_URL: access.urlOf('writer'),
          BELLWETHER_WRITER_PORT: String(port),
        }),
      ),
    isUp: () => answers(port, '/readyz'),
  });
}

function keptRollup({ directory, brokers, access, ports }: Place): Kept {
  return new Kept({
    name: 'rollup',
    start: () =>
      Promise.resolve(
        startPart('processors/rollup/main.js', join(directory, 'rollup.log'), {
          KAFKA_BROKERS: brokers.join(','),
          CLICKHOUSE_URL: access.urlOf('rollup'),
          BELLWETHER_ROLLUP_PORT: String(ports.rollup),
        }),
      ),
    isUp: () => answers(ports.rollup, '/readyz'),
  });
}

/** The real agent over the demo's recording, in windows of 1 s. */
function keptAgent({ directory, brokers, ports }: Place): Kept {
  const owners = join(directory, 'owners');
  return new Kept({
    name: 'agent',
    async start() {
      await mkdir(owners, { recursive: true });
      return startPart('ingest/main.js', join(directory, 'agent.log'), {
        KAFKA_BROKERS: brokers.join(','),
        BELLWETHER_REPLAY: join(PROJECT, 'embedded/demo/recording.frames.gz'),
        BELLWETHER_OWNERS_DIR: owners,
        BELLWETHER_HOST_ID: AGENT_HOST,
        BELLWETHER_AGENT_PORT: String(ports.agent),
      });
    },
    isUp: () => answers(ports.agent, '/readyz'),
  });
}

function answers(port: number, path: string): Promise<boolean> {
  return fetch(`http://127.0.0.1:${String(port)}${path}`, { signal: AbortSignal.timeout(2_000) }).then(
    ({ ok }) => ok,
    () => false,
  );
}
