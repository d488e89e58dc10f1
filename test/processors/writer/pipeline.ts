import { join } from 'node:path';
import { pino } from 'pino';
import { connectClickHouse, type ClickHouseClient } from '../../../common/clickhouse/connection.js';
import type { Logger } from '../../../common/runtime/log.js';
import { defaultJarsDir } from '../../../embedded/kafka/broker.js';
import { startBroker, type RunningBroker } from '../../../embedded/kafka/process.js';
import { startPart, type Part } from '../../support/part.js';
import { freePort } from '../../support/ports.js';
import { startStore } from '../../support/store.js';

/** A real broker and a real store on ports of their own, below the directory of the store. */
export interface Pipeline {
  readonly broker: RunningBroker;
  readonly client: ClickHouseClient;
  readonly log: Logger;
  /** Of the store, with admin rights. */
  readonly storeUrl: string;
  /** Starts one of the project's mains with these variables; its output goes to a file of that name. */
  run(main: string, name: string, variables?: Record<string, string>): Part;
  /** Kills the store; what it returns starts it again at the same place. */
  killStore(): Promise<() => Promise<void>>;
  stop(): Promise<void>;
}

export async function startPipeline(): Promise<Pipeline> {
  const log = pino({ level: 'silent' });
  const [port, controllerPort] = [await freePort(), await freePort()];
  let store = await startStore();
  const { directory } = store;
  const parts: Part[] = [];
  const client = connectClickHouse({ url: store.url('admin'), application: 'test' });
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
  return {
    broker,
    client,
    log,
    storeUrl: store.url('admin'),
    run(main, name, variables = {}) {
      const urls = {
        CLICKHOUSE_URL: store.url('admin'),
        KAFKA_BROKERS: `127.0.0.1:${port}`,
        LOG_LEVEL: 'info',
      };
      const part = startPart(main, join(directory, `${name}.log`), { ...urls, ...variables });
      parts.push(part);
      return part;
    },
    async killStore() {
      await store.end('SIGKILL');
      return async () => {
        store = await startStore({}, store);
      };
    },
    async stop() {
      await client.close();
      await Promise.all(parts.map((part) => part.end('SIGTERM')));
      await broker.stop();
      await store.stop();
    },
  };
}
