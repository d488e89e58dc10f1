import { z } from 'zod';
import type { ClickHouseClient } from '../common/clickhouse/connection.js';
import { BellwetherError } from '../common/runtime/errors.js';
import { render, renderEverywhere } from './cluster.js';
import type { Migration } from './migrations/migration.js';

/** `schema_migrations`: which statements were applied to a database. */

const recordedRow = z.object({ version: z.number(), statement: z.number(), checksum: z.string() });
const engineRow = z.object({ engine: z.string() });

export const keyOf = (version: number, statement: number) => `${version}.${statement}`;

/** What makes the database and the table that says what was applied. */
export function ledgerStatements(database: string, cluster: string): readonly string[] {
  const table = `CREATE TABLE IF NOT EXISTS ${database}.schema_migrations
(
    version UInt32 COMMENT 'Number of the migration',
    statement UInt32 COMMENT 'Place of the statement in it, from 0',
    name String COMMENT 'Name of the migration',
    checksum String COMMENT 'Hex SHA-256 of the statement as the project has it',
    applied_at DateTime64(3, 'UTC') COMMENT 'When it was applied'
)
ENGINE = ReplacingMergeTree(applied_at)
ORDER BY (version, statement)
COMMENT 'Which statements of the schema were applied'`;
  return [...render(`CREATE DATABASE IF NOT EXISTS ${database}`, cluster), renderEverywhere(table, cluster)];
}

/** Makes the database and its ledger where they are missing. */
export async function createLedger(
  run: (statement: string) => Promise<void>,
  database: string,
  cluster: string,
): Promise<void> {
  for (const statement of ledgerStatements(database, cluster)) await run(statement);
}

/** A database of a single server does not become one of a cluster by a setting, nor the other way round. */
export async function refuseOtherVariant(
  client: ClickHouseClient,
  database: string,
  cluster: string,
): Promise<void> {
  const result = await client.query({
    query: `SELECT engine FROM system.tables WHERE database = {database:String} AND name = 'schema_migrations'`,
    query_params: { database },
    format: 'JSONEachRow',
  });
  const [ledger] = z.array(engineRow).parse(await result.json());
  if (ledger === undefined || ledger.engine.startsWith('Replicated') === (cluster !== '')) return;
  throw new BellwetherError(
    'config_invalid',
    cluster === ''
      ? `database ${database} lies on a cluster: set CLICKHOUSE_CLUSTER to its name`
      : `database ${database} was made for a single server, without CLICKHOUSE_CLUSTER (now ${cluster}): make a ` +
          `new one and copy the rows into it`,
  );
}

/** Checksums of what was applied, by `keyOf`. */
export async function readLedger(client: ClickHouseClient, database: string): Promise<Map<string, string>> {
  const result = await client.query({
    query: `SELECT version, statement, checksum FROM ${database}.schema_migrations FINAL`,
    format: 'JSONEachRow',
  });
  const rows = z.array(recordedRow).parse(await result.json());
  return new Map(rows.map((row) => [keyOf(row.version, row.statement), row.checksum]));
}

/** Says that a statement was applied. */
export async function record(
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

/** As ClickHouse reads a DateTime64(3) in UTC. */
function engineTime(time: Date): string {
  return time.toISOString().replace('T', ' ').replace('Z', '');
}
