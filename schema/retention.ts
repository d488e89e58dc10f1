import { z } from 'zod';
import type { ClickHouseClient } from '../common/clickhouse/connection.js';
import { localTable, onCluster } from './cluster.js';
import { touchRetentionHours } from './migrations/0002-rollups/seals.js';
import type { SchemaSettings } from './migrations/migration.js';

interface Retention {
  readonly table: string;
  readonly ttl: string;
  /** How the engine writes it in system.tables. */
  readonly written: string;
}

/**
 * Samples are kept so much longer than they are taken: what comes just in time can still be rolled up, also when
 * the writers are behind.
 */
export const SAMPLES_KEPT_LONGER_HOURS = 1;

/** Minutes must outlive the raw rows by whole days: hours and days are made and judged from them. */
const MINUTES_LONGER_HOURS = 72;

interface Kept {
  readonly BELLWETHER_RAW_RETENTION_HOURS: number;
  readonly BELLWETHER_MINUTE_RETENTION_DAYS: number;
}

/** The rule between the two, for whoever parses them. */
export function refuseShortMinutes(kept: Kept, context: z.core.$RefinementCtx): void {
  if (
    kept.BELLWETHER_MINUTE_RETENTION_DAYS * 24 >=
    kept.BELLWETHER_RAW_RETENTION_HOURS + MINUTES_LONGER_HOURS
  )
    return;
  context.addIssue({
    code: 'custom',
    path: ['BELLWETHER_MINUTE_RETENTION_DAYS'],
    message: `must be at least ${MINUTES_LONGER_HOURS / 24} days longer than BELLWETHER_RAW_RETENTION_HOURS`,
  });
}

function retentions(settings: SchemaSettings): readonly Retention[] {
  const touchHours = touchRetentionHours(settings.rawRetentionHours);
  return [
    kept('samples', 'toDateTime(time)', settings.rawRetentionHours + SAMPLES_KEPT_LONGER_HOURS, 'HOUR'),
    kept('events', 'toDateTime(time)', settings.eventRetentionDays, 'DAY'),
    kept('touches', 'minute', touchHours, 'HOUR'),
    kept('minutes', 'time', settings.minuteRetentionDays, 'DAY'),
    kept('hours', 'time', settings.rollupRetentionMonths, 'MONTH'),
    kept('days', 'time', settings.rollupRetentionMonths, 'MONTH'),
    kept('seals', 'bucket', settings.rollupRetentionMonths, 'MONTH'),
  ];
}

function kept(table: string, time: string, length: number, unit: 'HOUR' | 'DAY' | 'MONTH'): Retention {
  const name = unit.charAt(0) + unit.slice(1).toLowerCase();
  return {
    table,
    ttl: `${time} + INTERVAL ${length} ${unit}`,
    written: `toInterval${name}(${length})`,
  };
}

const tableRow = z.object({ name: z.string(), engine_full: z.string() });

/**
 * Brings each table's TTL to what the settings say, when they have changed since it was made.
 * @param run runs a statement that changes something
 * @returns names of the tables that were altered.
 */
export async function applyRetention(
  client: ClickHouseClient,
  settings: SchemaSettings,
  run: (statement: string) => Promise<void>,
): Promise<string[]> {
  const result = await client.query({
    query: 'SELECT name, engine_full FROM system.tables WHERE database = {database:String}',
    query_params: { database: settings.database },
    format: 'JSONEachRow',
  });
  const engines = new Map(
    z
      .array(tableRow)
      .parse(await result.json())
      .map((row) => [row.name, row.engine_full]),
  );
  const altered: string[] = [];
  for (const { table, ttl, written } of retentions(settings)) {
    const engine = engines.get(localTable(table, settings.cluster ?? ''));
    if (engine === undefined || engine.includes(written)) continue;
    await run(retentionStatement(settings, table, ttl));
    altered.push(table);
  }
  return altered;
}

/** What brings one table to its TTL; on a cluster it is the table that holds the rows. */
export function retentionStatement(settings: SchemaSettings, table: string, ttl: string): string {
  const { database, cluster = '' } = settings;
  return `ALTER TABLE ${database}.${localTable(table, cluster)}${onCluster(cluster)} MODIFY TTL ${ttl}`;
}
