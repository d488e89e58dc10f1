import { z } from 'zod';
import type { Component } from '../../common/runtime/component.js';
import { messageOf } from '../../common/runtime/errors.js';
import type { Logger } from '../../common/runtime/log.js';
import type { PartsMetrics, TableParts } from './parts-metrics.js';

/** Tables that are shown, those with the most parts first: an administrator may make any number of them. */
const TABLES_SHOWN = 200;

/**
 * Active parts of each table, its fullest partition, and how many parts in one partition slow inserts down and
 * refuse them: the engine's own settings, or the table's where it has its own.
 */
const PARTS_SQL = `
SELECT p.name AS table, parts, fullest, partition_id, rows, bytes,
       if(t.slows > 0, t.slows, (SELECT toUInt64(value) FROM system.merge_tree_settings WHERE name = 'parts_to_delay_insert')) AS slows_at,
       if(t.refuses > 0, t.refuses, (SELECT toUInt64(value) FROM system.merge_tree_settings WHERE name = 'parts_to_throw_insert')) AS refuses_at
FROM (
    SELECT concat(database, '.', table) AS name, sum(n) AS parts, max(n) AS fullest,
           argMax(partition_id, n) AS partition_id, sum(r) AS rows, sum(b) AS bytes
    FROM (
        SELECT database, table, partition_id, count() AS n, sum(rows) AS r, sum(bytes_on_disk) AS b
        FROM system.parts WHERE active AND database != 'system' GROUP BY database, table, partition_id
    )
    GROUP BY name
) AS p
LEFT JOIN (
    SELECT concat(database, '.', name) AS name,
           toUInt64OrZero(extract(engine_full, 'parts_to_delay_insert = (\\\\d+)')) AS slows,
           toUInt64OrZero(extract(engine_full, 'parts_to_throw_insert = (\\\\d+)')) AS refuses
    FROM system.tables
) AS t ON t.name = p.name
ORDER BY fullest DESC LIMIT ${TABLES_SHOWN}`;

const row = z.object({
  table: z.string(),
  parts: z.coerce.number(),
  fullest: z.coerce.number(),
  partition_id: z.string(),
  rows: z.coerce.number(),
  bytes: z.coerce.number(),
  slows_at: z.coerce.number(),
  refuses_at: z.coerce.number(),
});

/** The alarm begins at this share of what slows inserts down, and ends below the second: it shall not flicker. */
const ALARM_FROM = 0.5;
const ALARM_UNTIL = 0.4;

export interface PartsWatchOptions {
  /** Runs a query and gives its result as JSON lines. */
  readonly ask: (sql: string) => Promise<string>;
  readonly everyMs: number;
  readonly metrics: { readonly parts: PartsMetrics; readonly partsReadFailures: { inc(): void } };
  readonly log: Logger;
}

/**
 * Looks at the parts of each table again and again, and says so before the engine slows inserts down
 * (`parts_to_delay_insert`) or refuses them (TOO_MANY_PARTS).
 */
export class PartsWatch implements Component {
  readonly #options: PartsWatchOptions;
  readonly #alarms = new Map<string, string>();
  #timer: NodeJS.Timeout | undefined;
  #looking: Promise<void> = Promise.resolve();
  #stopped = false;

  constructor(options: PartsWatchOptions) {
    this.#options = options;
  }

  /** A sentence for each table that is close to its limit. */
  get alarms(): readonly string[] {
    return [...this.#alarms.values()];
  }

  start(): Promise<void> {
    this.#looking = this.#look();
    return Promise.resolve();
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    clearTimeout(this.#timer);
    await this.#looking;
  }

  async #look(): Promise<void> {
    const { ask, everyMs, metrics, log } = this.#options;
    try {
      const lines = (await ask(PARTS_SQL)).split('\n').filter((line) => line !== '');
      this.take(lines.map((line) => row.parse(JSON.parse(line))));
    } catch (error) {
      if (this.#stopped) return;
      metrics.partsReadFailures.inc();
      log.warn({ error: messageOf(error) }, 'the parts of the tables could not be looked at');
    }
    if (this.#stopped) return;
    this.#timer = setTimeout(() => {
      this.#looking = this.#look();
    }, everyMs);
  }

  /** Shows what was found, and begins and ends alarms. */
  take(found: readonly TableParts[]): void {
    const { metrics, log } = this.#options;
    for (const one of found) {
      const share = one.fullest / limitOf(one);
      const alarmed = this.#alarms.has(one.table);
      if (share >= ALARM_FROM) this.#alarms.set(one.table, sentence(one));
      else if (share < ALARM_UNTIL) this.#alarms.delete(one.table);
      if (!alarmed && this.#alarms.has(one.table)) log.warn({ ...one }, `parts_alarm: ${sentence(one)}`);
      if (alarmed && !this.#alarms.has(one.table)) log.info({ ...one }, 'parts_alarm is over');
    }
    for (const table of this.#alarms.keys()) {
      if (!found.some((one) => one.table === table)) this.#alarms.delete(table);
    }
    metrics.parts.show(found, (table) => this.#alarms.has(table));
  }
}

/** Parts with which inserts are slowed down or refused, whichever comes first; the engine takes 0 as never. */
function limitOf({ slows_at, refuses_at }: TableParts): number {
  return Math.min(...[slows_at, refuses_at].filter((limit) => limit > 0));
}

function sentence({ table, fullest, partition_id, slows_at, refuses_at }: TableParts): string {
  return (
    `${table} has ${fullest} parts in partition ${partition_id}; inserts are slowed from ${slows_at} on and ` +
    `refused from ${refuses_at} on (TOO_MANY_PARTS)`
  );
}
