import { join } from 'node:path';
import { connectClickHouse, DATABASE, type ClickHouseClient } from '../../common/clickhouse/connection.js';
import { migrate } from '../../schema/migrate.js';
import { startPart, untilReady } from '../support/part.js';
import { freePort } from '../support/ports.js';
import { startStore, type RunningStore } from '../support/store.js';
import { DEFAULT_RETENTION, type SchemaSettings } from '../../schema/migrations/migration.js';

/** A store of one test file, migrated. */
export interface RealStore extends RunningStore {
  readonly admin: ClickHouseClient;
}

/** An API over such a store. */
export interface RealApi extends RealStore {
  readonly api: string;
  /** What the API wrote to its log. */
  readonly apiLog: () => string;
}

/** @param retention other than the default, so that rows of long ago stay */
export async function startRealStore(retention: Partial<SchemaSettings> = {}): Promise<RealStore> {
  const store = await startStore();
  const admin = connectClickHouse({ url: store.url('admin'), application: 'test' });
  const stop = async () => {
    await admin.close();
    await store.stop();
  };
  try {
    await migrate({
      client: admin,
      settings: { database: DATABASE, ...DEFAULT_RETENTION, ...retention },
    });
    return { ...store, admin, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

export async function startRealApi(): Promise<RealApi> {
  const store = await startRealStore();
  const port = await freePort();
  const part = startPart('query-api/main.js', join(store.directory, 'api.log'), {
    CLICKHOUSE_URL: store.url('reader'),
    BELLWETHER_API_PORT: String(port),
    LOG_LEVEL: 'debug',
  });
  const stop = async () => {
    await part.end('SIGTERM');
    await store.stop();
  };
  const api = `http://127.0.0.1:${port}`;
  try {
    await untilReady(part, `${api}/readyz`);
    return { ...store, api, apiLog: part.output, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}
