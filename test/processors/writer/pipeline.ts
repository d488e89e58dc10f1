import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import { connectClickHouse, type ClickHouseClient } from '../../../common/clickhouse/connection.js';
import type { Logger } from '../../../common/runtime/log.js';
import { defaultJarsDir } from '../../../embedded/kafka/broker.js';
import { startBroker, type RunningBroker } from '../../../embedded/kafka/process.js';
import { freePort, newStoreAddress, startPart, startStoreAt, until, type Part } from './parts.js';

/** A real broker and a real store on ports of their own, below a directory that goes away with them. */
export interface Pipeline {
  readonly broker: RunningBroker;
  readonly client: ClickHouseClient;
  readonly log: Logger;
  /** Starts one of the project's mains with these variables; its output goes to a file of that name. */
  run(main: string, name: string, variables?: Record<string, string>): Part;
  /** Kills the store; what it returns starts it again at the same place. */
  killStore(): Promise<() => void>;
  stop(): Promise<void>;
}

export async function startPipeline(): Promise<Pipeline> {
  const directory = await mkdtemp(join(tmpdir(), 'bellwether-pipeline-'));
  const log = pino({ level: 'silent' });
  const [port, controllerPort] = [await freePort(), await freePort()];
  const address = await newStoreAddress(directory);
  let store = startStoreAt(address);
  const parts: Part[] = [];
  const client = connectClickHouse({ url: store.url, application: 'test' });
  const broker = await startBroker(
    {
      home: join(directory, 'home'),
      port,
      controllerPort,
      jarsDir: defaultJarsDir(),
      listenHost: '127.0.0.1',
    },
    log,
  );
  await until('the store answers', 30_000, async () => (await client.ping()).success);
  return {
    broker,
    client,
    log,
    run(main, name, variables = {}) {
      const urls = { CLICKHOUSE_URL: store.url, KAFKA_BROKERS: `127.0.0.1:${port}`, LOG_LEVEL: 'info' };
      const part = startPart(main, join(directory, `${name}.log`), { ...urls, ...variables });
      parts.push(part);
      return part;
    },
    async killStore() {
      await store.end('SIGKILL');
      return () => {
        store = startStoreAt(address);
      };
    },
    async stop() {
      await client.close();
      await Promise.all(parts.map((part) => part.end('SIGTERM')));
      await store.end('SIGTERM');
      await broker.stop();
      await rm(directory, { recursive: true, force: true });
    },
  };
}
