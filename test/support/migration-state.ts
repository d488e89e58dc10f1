import { z } from 'zod';
import type { ClickHouseClient } from '../../common/clickhouse/connection.js';

const defined = z.array(z.object({ name: z.string(), definition: z.string() }));
const recorded = z.array(z.object({ version: z.number(), statement: z.number(), checksum: z.string() }));

async function ask<T>(client: ClickHouseClient, rows: z.ZodType<T>, query: string): Promise<T> {
  const result = await client.query({ query, format: 'JSONEachRow' });
  return rows.parse(await result.json());
}

/** All that the schema is: each table and view as the engine would make it, and what the ledger records. */
export async function schemaState(client: ClickHouseClient, database: string): Promise<string> {
  const tables = await ask(
    client,
    defined,
    `SELECT name, create_table_query AS definition FROM system.tables WHERE database = '${database}' ORDER BY name`,
  );
  const ledger = await ask(
    client,
    recorded,
    `SELECT version, statement, checksum FROM ${database}.schema_migrations FINAL ORDER BY version, statement`,
  );
  const text = tables.map(({ definition }) => definition.replaceAll(`${database}.`, 'database.'));
  return JSON.stringify({ text, ledger }, null, 1);
}

/** Columns that the first release had; what later versions add is looked at by `newColumns`. */
const OLD_COLUMNS = {
  'samples FINAL':
    'customer, metric, series, time, source, window_ms, kind, value, count, sum, zero_count, bucket_indexes, ' +
    'bucket_counts, region, host, app, instance, attributes',
  'events FINAL': '*',
  'batches FINAL': '*',
  'tokens FINAL': '*',
  latency: '*',
  drops: '*',
  fleet: '*',
} as const;

const anything = z.array(z.record(z.string(), z.unknown()));

/** Every row of the first release through each of its tables and views, in a fixed order. */
export async function oldRows(client: ClickHouseClient, database: string): Promise<string> {
  const all: unknown[] = [];
  for (const [from, columns] of Object.entries(OLD_COLUMNS)) {
    all.push(await ask(client, anything, `SELECT ${columns} FROM ${database}.${from} ORDER BY ALL`));
  }
  return JSON.stringify(all, null, 1);
}

/** What the columns that version 2 adds say of the old rows: each distinct combination and how many rows. */
export async function newColumns(client: ClickHouseClient, database: string): Promise<string> {
  const rows = await ask(
    client,
    anything,
    `SELECT unit, start_time = time AS starts_at_time, bounds, count() AS n FROM ${database}.samples FINAL
     GROUP BY ALL ORDER BY ALL`,
  );
  return JSON.stringify(rows);
}

/** Minutes with rows that no touch tells of: the rollup would never make them. */
export async function untouchedMinutes(client: ClickHouseClient, database: string): Promise<string> {
  const rows = await ask(
    client,
    anything,
    `SELECT DISTINCT toStartOfMinute(time) AS minute FROM ${database}.samples
     WHERE minute NOT IN (SELECT minute FROM ${database}.touches WHERE writes > 0)`,
  );
  return JSON.stringify(rows);
}
