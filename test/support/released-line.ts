import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { ClickHouseClient } from '../../common/clickhouse/connection.js';
import { PROJECT } from './paths.js';

/**
 * Migration 1 as the first release applied it: its text and some rows of each table, frozen in
 * `test/schema/released/line/`. Nothing here is made from `schema/`, so that a change there is seen.
 * The times of the rows lie in 2100: no retention removes them.
 */
const DIRECTORY = join(PROJECT, 'test', 'schema', 'released', 'line');
const VERSION = 1;
const NAME = 'line';

/** The statements of migration 1, in order, in the database `canonical`, over which checksums are taken. */
export function releasedStatements(): string[] {
  return readdirSync(DIRECTORY)
    .filter((file) => /^\d/.test(file))
    .sort()
    .map(read);
}

/** The released checksum of a statement. */
export function checksumOf(statement: string): string {
  return createHash('sha256').update(statement).digest('hex');
}

/** Makes the database as a stack of the first release left it, its rows written twice, as a replay does. */
export async function makeReleasedLine(client: ClickHouseClient, database: string): Promise<void> {
  const run = (text: string) => client.command({ query: text.replaceAll('canonical.', `${database}.`) });
  await client.command({ query: `CREATE DATABASE ${database}` });
  await run(read('ledger.sql'));
  const statements = releasedStatements();
  for (const statement of statements) await run(statement);
  await client.insert({
    table: `${database}.schema_migrations`,
    format: 'JSONEachRow',
    values: statements.map((text, statement) => ({
      version: VERSION,
      statement,
      name: NAME,
      checksum: checksumOf(text),
      applied_at: '2026-11-24 20:00:00.000',
    })),
  });
  const rows = readdirSync(DIRECTORY).filter((file) => file.startsWith('rows-'));
  for (const file of [...rows, ...rows]) await run(read(file));
}

function read(file: string): string {
  return readFileSync(join(DIRECTORY, file), 'utf8').trimEnd();
}
