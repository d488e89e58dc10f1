import { join } from 'node:path';
import { pino } from 'pino';
import { z } from 'zod';
import { connectClickHouse, type ClickHouseClient } from '../../../common/clickhouse/connection.js';
import type { Logger } from '../../../common/runtime/log.js';
import { defaultJarsDir } from '../../../embedded/kafka/broker.js';
import { startBroker, type RunningBroker } from '../../../embedded/kafka/process.js';
import { startPart, type Part } from '../../support/part.js';
import { freePorts } from '../../support/ports.js';
import { startStore, type RunningStore } from '../../support/store.js';

/** A broker and a store of the bench's own, with our topics and tables. */
export interface Site {
  readonly broker: RunningBroker;
  readonly store: RunningStore;
  readonly client: ClickHouseClient;
  readonly log: Logger;
  /** One of the project's mains beside them. */
  run(main: string, name: string, variables?: Record<string, string>): Part;
  stop(): Promise<void>;
}

export async function startSite(): Promise<Site> {
  const log = pino({ level: 'silent' });
  const [port = 0, controllerPort = 0] = await freePorts(2);
  const store = await startStore();
  const { directory } = store;
  const jarsDir = defaultJarsDir();
  const home = join(directory, 'home');
  const listenHost = '127.0.0.1';
  const broker = await startBroker({ home, port, controllerPort, jarsDir, listenHost }, log);
  const client = connectClickHouse({ url: store.url('admin'), application: 'bench' });
  const site: Site = {
    broker,
    store,
    client,
    log,
    run: (main, name, variables = {}) =>
      startPart(main, join(directory, `${name}.log`), {
        CLICKHOUSE_URL: store.url('admin'),
        KAFKA_BROKERS: broker.brokers.join(','),
        LOG_LEVEL: 'info',
        ...variables,
      }),
    async stop() {
      await client.close();
      await broker.stop();
      await store.stop();
    },
  };
  const schema = site.run('schema/main.js', 'schema');
  if ((await schema.exited) !== 0) throw new Error(`no topics and tables: ${schema.output()}`);
  return site;
}

const counted = z.array(z.object({ n: z.coerce.number() }));

/** The one number that the query gives as `n`. */
export async function askNumber(client: ClickHouseClient, query: string): Promise<number> {
  const result = await client.query({ query, format: 'JSONEachRow' });
  return counted.parse(await result.json())[0]?.n ?? 0;
}
