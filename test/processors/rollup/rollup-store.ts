import { createHash } from 'node:crypto';
import { connectClickHouse, DATABASE, type ClickHouseClient } from '../../../common/clickhouse/connection.js';
import { migrate } from '../../../schema/migrate.js';
import { DEFAULT_RETENTION } from '../../../schema/migrations/migration.js';
import { PASSWORD, startStore } from '../../support/store.js';

/** A real store with the schema, and a user with the rights of the rollup. */
export interface RollupStoreUnderTest {
  readonly admin: ClickHouseClient;
  readonly rollup: ClickHouseClient;
  stop(): Promise<void>;
}

const SHA256 = createHash('sha256').update(PASSWORD).digest('hex');
const ROLLUP_TABLES = ['minutes', 'hours', 'days', 'seals', 'baselines'];
const USERS = [
  { name: 'admin', sha256: SHA256, access: 'admin' },
  {
    name: 'rollup',
    sha256: SHA256,
    access: 'write',
    tables: ROLLUP_TABLES.map((table) => `${DATABASE}.${table}`),
  },
];

export async function startRollupStore(): Promise<RollupStoreUnderTest> {
  const store = await startStore({ BELLWETHER_STORE_USERS: JSON.stringify(USERS) });
  const connect = (user: string) => {
    const url = new URL(store.url('admin'));
    url.username = user;
    return connectClickHouse({
      url: url.href.replace(/\/$/, ''),
      application: 'test',
      requestTimeoutMs: 60_000,
    });
  };
  const admin = connect('admin');
  const rollup = connect('rollup');
  const stop = async () => {
    await Promise.all([admin.close(), rollup.close()]);
    await store.stop();
  };
  try {
    await migrate({ client: admin, settings: { database: DATABASE, ...DEFAULT_RETENTION } });
  } catch (error) {
    await stop();
    throw error;
  }
  return { admin, rollup, stop };
}
