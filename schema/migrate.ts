import { createHash } from 'node:crypto';
import { z } from 'zod';
import type { ClickHouseClient } from '../common/clickhouse/connection.js';
import { BellwetherError } from '../common/runtime/errors.js';
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
 * retention is brought to what the settings say by `applyRetention`.
 */
const CANONICAL: SchemaSettings = { database: 'canonical', ...DEFAULT_RETENTION };

const recordedRow = z.object({ version: z.number(), statement: z.number(), checksum: z.string() });

/**
 * Brings the database to the newest version. Each statement may be run again without harm and is recorded
 * after it ran, so a kill between any two is healed by the next run, and two runs at once do no harm.
 * @returns how many statements were applied now; 0 when all had been.
 * @throws BellwetherError `config_invalid` when a recorded statement has changed since.
 */
export async function migrate(options: MigrateOptions): Promise<number> {
  const { client, settings, migrations = MIGRATIONS } = options;
  await createLedger(client, settings.database);
  const recorded = await readLedger(client, settings.database);
  refuseUnknownVersions(recorded, migrations);
  let applied = 0;
  for (const migration of migrations) {
    const canonical = migration.statements(CANONICAL).map(checksumOf);
    for (const [index, sql] of migration.statements(settings).entries()) {
      const checksum = canonical[index] ?? '';
      const before = recorded.get(keyOf(migration.version, index));
      if (before !== undefined) {
        refuseChanged(migration, index, before, checksum);
        continue;
      }
      await client.command({ query: sql });
      await record(client, settings.database, migration, index, checksum);
      applied += 1;
    }
  }
  await applyRetention(client, settings);
  return applied;
}

async function createLedger(client: ClickHouseClient, database: string): Promise<void> {
  await client.command({ query: `CREATE DATABASE IF NOT EXISTS ${database}` });
  await client.command({
    query: `CREATE TABLE IF NOT EXISTS ${database}.schema_migrations
(
    version UInt32 COMMENT 'Number of the migration',
    statement UInt32 COMMENT 'Place of the statement in it, from 0',
    name String COMMENT 'Name of the migration',
    checksum String COMMENT 'Hex SHA-256 of the statement as the project has it',
    applied_at DateTime64(3, 'UTC') COMMENT 'When it was applied'
)
ENGINE = ReplacingMergeTree(applied_at)
ORDER BY (version, statement)
COMMENT 'Which statements of the schema were applied'`,
  });
}

async function readLedger(client: ClickHouseClient, database: string): Promise<Map<string, string>> {
  const result = await client.query({
    query: `SELECT version, statement, checksum FROM ${database}.schema_migrations FINAL`,
    format: 'JSONEachRow',
  });
  const rows = z.array(recordedRow).parse(await result.json());
  return new Map(rows.map((row) => [keyOf(row.version, row.statement), row.checksum]));
}

async function record(
  client: ClickHouseClient,
  database: string,
  migration: Migration,
  statement: number,
  checksum: string,
): Promise<void> {
  const { version, name } = migration;
  await client.insert({
    table: `${database}.schema_migrations`,
    format: 'JSONEachRow',
    values: [{ version, statement, name, checksum, applied_at: engineTime(new Date()) }],
  });
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

const keyOf = (version: number, statement: number) => `${version}.${statement}`;

function checksumOf(sql: string): string {
  return createHash('sha256').update(sql).digest('hex');
}

/** As ClickHouse reads a DateTime64(3) in UTC. */
function engineTime(time: Date): string {
  return time.toISOString().replace('T', ' ').replace('Z', '');
}
