import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { connectClickHouse, type ClickHouseClient } from '../../common/clickhouse/connection.js';
import { messageOf } from '../../common/runtime/errors.js';
import { migrate } from '../../schema/migrate.js';
import { MIGRATIONS } from '../../schema/migrations/index.js';
import { DEFAULT_RETENTION } from '../../schema/migrations/migration.js';
import { newColumns, oldRows, schemaState, untouchedMinutes } from './migration-state.js';
import { startPart, type Part } from './part.js';
import { makeReleasedLine } from './released-line.js';
import { startGate, type Interruption } from './statement-gate.js';
import { PASSWORD, startStore, type RunningStore } from './store.js';

/**
 * When somebody is killed: before the store sees the statement, after it has answered, at a moment while it
 * runs, or (the store alone) at the first file that it renames for it, which is how the engine makes a change
 * stand.
 */
export type Moment = 'before' | 'after' | 'within' | 'rename';

export interface Kill {
  readonly victim: 'process' | 'store';
  /** Which writing statement of the run, from 1. */
  readonly statement: number;
  readonly moment: Moment;
}

/** What every database must be like in the end. */
export interface Expected {
  readonly schema: string;
  readonly rows: string;
  /** How long each writing statement of an undisturbed run took, milliseconds. */
  readonly durations: readonly number[];
}

const NEW_COLUMNS = JSON.stringify([{ unit: '', starts_at_time: 1, bounds: [], n: 4 }]);
const urlOf = (port: number) => `http://admin:${encodeURIComponent(PASSWORD)}@127.0.0.1:${port}`;
const clientOf = (port: number) => connectClickHouse({ url: urlOf(port), application: 'test' });
const settingsOf = (database: string) => ({ database, ...DEFAULT_RETENTION });

/** Databases of the first release in one real store, each migrated under some trouble. */
export class MigrationTrial {
  #store: RunningStore;
  #client: ClickHouseClient;
  /** Databases made so far, for their names. */
  #made = 0;

  private constructor(store: RunningStore) {
    this.#store = store;
    this.#client = clientOf(store.port);
  }

  static async start(): Promise<MigrationTrial> {
    return new MigrationTrial(await startStore());
  }

  async stop(): Promise<void> {
    await this.#client.close();
    await this.#store.stop();
  }

  /** Migrates undisturbed: what the others are compared with. */
  async straight(): Promise<Expected> {
    const database = await this.#released();
    const rows = await oldRows(this.#client, database);
    const gate = await startGate(this.#store.port);
    const client = clientOf(gate.port);
    try {
      await migrate({ client, settings: settingsOf(database) });
    } finally {
      await client.close();
      await gate.stop();
    }
    const schema = await schemaState(this.#client, database);
    return { schema, rows, durations: gate.statements.map(({ ms }) => ms) };
  }

  /** Kills somebody in the middle of a migration and runs it again. @returns what is wrong then. */
  async survive(kill: Kill, expected: Expected): Promise<string | undefined> {
    const database = await this.#released();
    const duration = expected.durations[kill.statement - 1] ?? 0;
    const died = await (kill.victim === 'process'
      ? this.#killProcess(database, kill, duration)
      : this.#killStore(database, kill, duration));
    const fault = died ? await this.#fault(database, expected) : 'nobody was killed';
    await this.#client.command({ query: `DROP DATABASE ${database}` });
    return fault;
  }

  /** Two runs at once over one database. @returns what is wrong then. */
  async twoAtOnce(expected: Expected): Promise<string | undefined> {
    const database = await this.#released();
    const parts = [this.#run(database, this.#store.port), this.#run(database, this.#store.port)];
    const codes = await Promise.all(parts.map(({ exited }) => exited));
    const failed = parts.find((_, index) => codes[index] !== 0);
    return failed === undefined ? await this.#fault(database, expected) : failed.output();
  }

  /** A program of the first release at a database of this one. @returns what is wrong then. */
  async olderProgram(): Promise<string | undefined> {
    const database = await this.#released();
    const settings = settingsOf(database);
    await migrate({ client: this.#client, settings });
    const before = await schemaState(this.#client, database);
    const older = { client: this.#client, settings, migrations: MIGRATIONS.slice(0, 1) };
    const said = await migrate(older).then(() => 'the older program was let in', messageOf);
    if (!said.includes('which this version does not know')) return said;
    const unchanged = (await schemaState(this.#client, database)) === before;
    return unchanged ? undefined : 'the older program changed the schema';
  }

  async #released(): Promise<string> {
    this.#made += 1;
    const database = `trial_${this.#made}`;
    await makeReleasedLine(this.#client, database);
    return database;
  }

  async #fault(database: string, expected: Expected): Promise<string | undefined> {
    const settings = settingsOf(database);
    await migrate({ client: this.#client, settings });
    const again = await migrate({ client: this.#client, settings });
    if (again !== 0) return `one more run applied ${again} statements`;
    if ((await schemaState(this.#client, database)) !== expected.schema) return 'the schema is another';
    if ((await oldRows(this.#client, database)) !== expected.rows) return 'old rows are read differently';
    const untouched = await untouchedMinutes(this.#client, database);
    if (untouched !== '[]') return `old rows will not be rolled up: ${untouched}`;
    const columns = await newColumns(this.#client, database);
    return columns === NEW_COLUMNS ? undefined : `new columns of old rows: ${columns}`;
  }

  async #killProcess(database: string, kill: Kill, durationMs: number): Promise<boolean> {
    const die = async () => {
      await part.end('SIGKILL');
    };
    const gate = await startGate(this.#store.port, interruptionOf(kill, die, durationMs));
    const part = this.#run(database, gate.port);
    const end = await part.exited;
    await gate.stop();
    return end === 'SIGKILL' || mayMiss(kill);
  }

  async #killStore(database: string, kill: Kill, durationMs: number): Promise<boolean> {
    const store = this.#store;
    const die = async () => {
      await store.end('SIGKILL');
    };
    const interruption =
      kill.moment === 'rename'
        ? { statement: kill.statement, before: () => dieAtRename(store.child.pid ?? 0) }
        : interruptionOf(kill, die, durationMs);
    const gate = await startGate(store.port, interruption);
    const client = clientOf(gate.port);
    const failed = await migrate({ client, settings: settingsOf(database) }).then(
      () => false,
      () => true,
    );
    await client.close();
    await store.end('SIGKILL');
    await gate.stop();
    await this.#client.close();
    this.#store = await startStore({}, store);
    this.#client = clientOf(this.#store.port);
    return failed || mayMiss(kill);
  }

  #run(database: string, port: number): Part {
    return startPart('test/support/migrate-once.js', join(this.#store.directory, `${database}.log`), {
      CLICKHOUSE_URL: urlOf(port),
      DATABASE: database,
    });
  }
}

/** A kill at a random moment may come when the last statement has just ended. */
function mayMiss({ moment }: Kill): boolean {
  return moment === 'within';
}

function interruptionOf(
  { statement, moment }: Kill,
  die: () => Promise<void>,
  durationMs: number,
): Interruption {
  if (moment === 'before') return { statement, before: () => die().then(() => false) };
  if (moment === 'after') return { statement, after: die };
  return { statement, within: () => delay(durationMs * Math.random()).then(die) };
}

/** Whether this machine lets a process be killed at one of its system calls. */
export function canKillAtRename(): boolean {
  return spawnSync('strace', ['-qq', '-e', 'trace=none', 'true']).status === 0;
}

/** From now on the process dies when it is about to rename a file. */
async function dieAtRename(pid: number): Promise<boolean> {
  const calls = 'rename,renameat,renameat2';
  const strace = spawn('strace', [
    ...['-f', '-p', String(pid), '-e', `trace=${calls}`],
    ...['-e', `inject=${calls}:signal=SIGKILL`],
  ]);
  // strace says on stderr when it is attached; then it ends with the process.
  await once(strace.stderr, 'data');
  strace.stderr.resume();
  return true;
}
