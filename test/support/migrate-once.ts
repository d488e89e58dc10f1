/** One run of `migrate` in a process of its own, for tests that kill it; its exit code says how it went. */
import { connectClickHouse } from '../../common/clickhouse/connection.js';
import { migrate } from '../../schema/migrate.js';
import { DEFAULT_RETENTION } from '../../schema/migrations/migration.js';

const client = connectClickHouse({ url: process.env['CLICKHOUSE_URL'] ?? '', application: 'test' });
const settings = { database: process.env['DATABASE'] ?? '', ...DEFAULT_RETENTION };
console.log(`${await migrate({ client, settings })} statements applied`);
await client.close();
