import { createHash } from 'node:crypto';
import type { ClickHouseClient } from '../common/clickhouse/connection.js';
import { BellwetherError } from '../common/runtime/errors.js';
import { render } from './cluster.js';
import { createLedger, keyOf, readLedger, record, refuseOtherVariant } from './ledger.js';
import { MIGRATIONS } from './migrations/index.js';
import { DEFAULT_RETENTION, type Migration, type SchemaSettings } from './migrations/migration.js';
import { applyRetention } from './retention.js';

export interface MigrateOptions {
  /** A user who may create the database and its tables. */
  readonly client: ClickHouseClient;
  readonly settings: SchemaSettings;
  /** Other steps than the project's own, for tests. */
  readonly migrations?: readonly Migration[];
}

/**
 * Checksums are taken over the text with these settings, so that another retention is not another migration;
 * retention is brought to what the settings say by `applyRetention`. On a cluster they are taken over what is
 * run there, so that another rendering of an applied statement is refused too.
 */
const CANONICAL: SchemaSettings = { database: 'canonical', ...DEFAULT_RETENTION };
const CANONICAL_CLUSTER = 'canonical';

/**
 * Brings the database to the newest version. Each statement may be run again without harm and is recorded
 * after it ran, so a kill between any two is healed by the next run, and two runs at once do no harm.
 * @returns how many statements were applied now; 0 when all had been.
 * @throws BellwetherError `config_invalid` when a recorded statement has changed since.
 */
export async function migrate(options: MigrateOptions): Promise<number> {
  const { client, settings, migrations = MIGRATIONS } = options;
  const cluster = settings.cluster ?? '';
  const run = commander(client, cluster);
  await refuseOtherVariant(client, settings.database, cluster);
  await createLedger(run, settings.database, cluster);
  const recorded = await readLedger(client, settings.database);
  refuseUnknownVersions(recorded, migrations);
  let applied = 0;
  for (const migration of migrations) {
    const canonical = migration
      .statements(CANONICAL)
      .map((sql) => checksumOf(render(sql, cluster === '' ? '' : CANONICAL_CLUSTER).join(';\n')));
    for (const [index, sql] of migration.statements(settings).entries()) {
      const checksum = canonical[index] ?? '';
      const before = recorded.get(keyOf(migration.version, index));
      if (before !== undefined) {
        refuseChanged(migration, index, before, checksum);
        continue;
      }
      for (const rendered of render(sql, cluster)) await run(rendered);
      await record(client, settings.database, migration, index, checksum);
      applied += 1;
    }
  }
  await applyRetention(client, settings, run);
  return applied;
}

function refuseChanged(migration: Migration, index: number, before: string, checksum: string): void {
  if (before === checksum) return;
  throw new BellwetherError(
    'config_invalid',
    `statement ${index} of migration ${migration.version} (${migration.name}) was applied with checksum ` +
      `${before.slice(0, 12)} but is ${checksum.slice(0, 12)} now: an applied migration never changes, ` +
      `put the difference into a new one`,
  );
}

/** A database that a newer version of the project has migrated is not touched by an older one. */
function refuseUnknownVersions(
  recorded: ReadonlyMap<string, string>,
  migrations: readonly Migration[],
): void {
  const known = new Set(migrations.map((migration) => migration.version));
  const unknown = [...recorded.keys()].map((key) => Number(key.split('.')[0])).filter((v) => !known.has(v));
  if (unknown.length === 0) return;
  throw new BellwetherError(
    'config_invalid',
    `the database holds migration ${Math.max(...unknown)}, which this version does not know: run a newer version`,
  );
}

function checksumOf(sql: string): string {
  return createHash('sha256').update(sql).digest('hex');
}

/** Seconds that the nodes may take for a statement: less than the client waits for an answer. */
const CLUSTER_TASK_SECONDS = '25';

/** Runs statements; on a cluster each resolves when all nodes have run it, and fails otherwise. */
function commander(client: ClickHouseClient, cluster: string): (statement: string) => Promise<void> {
  const settings = { clickhouse_settings: { distributed_ddl_task_timeout: CLUSTER_TASK_SECONDS } };
  return async (query) => {
    await client.command(cluster === '' ? { query } : { query, ...settings });
  };
}
