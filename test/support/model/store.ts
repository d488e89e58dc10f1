import { ClickHouseError } from '@clickhouse/client';
import type { Remote } from './network.js';
import type { SimRollups } from './rollups.js';
import type { Row } from './rows.js';
import type { Simulation } from './simulation.js';

/** Rows of this host are refused by the store, whatever the writer thinks of them. */
export const REFUSED_HOST = 'refused';

/** Is told of each row that the store takes, in the order in which it does. */
export interface StoreWatcher {
  applied(table: string, row: Row): void;
}

/**
 * The tables as maps: of rows with one key the last stands, as in a ReplacingMergeTree that is read with FINAL.
 * An insert may be applied in part and then fail. What is applied survives a kill.
 */
export class SimStore implements Remote {
  up = true;
  run = 0;
  readonly samples = new Map<string, Row>();
  readonly events = new Map<string, Row>();
  readonly batches = new Map<string, Row>();
  readonly #sim: Simulation;
  readonly #watcher: StoreWatcher;
  readonly rollups: SimRollups;

  constructor(sim: Simulation, watcher: StoreWatcher, rollups: SimRollups) {
    this.#sim = sim;
    this.rollups = rollups;
    this.#watcher = watcher;
  }

  kill(downMs: number): void {
    if (!this.up) return;
    this.#sim.note(() => `the store is killed, away for ${(downMs / 1_000).toFixed(1)} s`);
    this.up = false;
    this.run += 1;
    this.#sim.after(downMs, () => (this.up = true));
  }

  /** @throws ClickHouseError, Error; rows may have been applied all the same. */
  insert(table: string, rows: readonly Row[]): void {
    if (this.#sim.goesWrong(`store: no memory for ${table}`, 0.02))
      throw codeError(241, 'MEMORY_LIMIT_EXCEEDED');
    const bad = rows.findIndex(({ fields }) => table !== 'touches' && fields['host'] === REFUSED_HOST);
    if (bad >= 0) {
      // The blocks before the one with the bad row may be in.
      this.#apply(
        table,
        this.#sim.goesWrong(`store: keeps a part of ${table}`, 0.3) ? rows.slice(0, bad) : [],
      );
      throw codeError(117, 'INCORRECT_DATA');
    }
    if (this.#sim.goesWrong(`store: takes a part of ${table} only`, 0.03)) {
      this.#apply(table, rows.slice(0, this.#sim.random.below(rows.length)));
      throw codeError(243, 'NOT_ENOUGH_SPACE');
    }
    this.#apply(table, rows);
  }

  #apply(table: string, rows: readonly Row[]): void {
    if (rows.length > 0) this.#sim.note(() => `store: ${table} +${rows.length}`);
    for (const row of rows) {
      if (table === 'touches') this.rollups.takeTouch(row);
      else this.#table(table).set(row.key, row);
      if (table === 'samples') this.rollups.takeSample(row);
      this.#watcher.applied(table, row);
    }
  }

  #table(name: string): Map<string, Row> {
    if (name === 'samples') return this.samples;
    if (name === 'events') return this.events;
    if (name === 'batches') return this.batches;
    throw new TypeError(`the model has no table ${name}`);
  }
}

function codeError(code: number, type: string): ClickHouseError {
  return new ClickHouseError({ message: `refused by the model`, code: String(code), type });
}
