import type { StoreConfig } from '../config.js';
import { refusal } from '../errors.js';
import { literal } from '../sql/settings.js';
import { prepareEngineFiles } from './engine-files.js';
import { InsertBinding, type InsertStream } from './insert-stream.js';
import { loadAddon, type Addon, type Handle } from './native.js';
import { QueryPool, type RunningQuery } from './query-pool.js';

export interface QueryOrder {
  readonly sql: string;
  readonly format: string;
  readonly mode: 'stream' | 'whole';
  readonly database: string | undefined;
  /** Settings and `param_…`, by name. They hold for this query only. */
  readonly settings: ReadonlyMap<string, string>;
}

/** How often a cancel is repeated until the query has gone, and how far apart, milliseconds. */
const KILL_ATTEMPTS = 40;
const KILL_EVERY_MS = 150;

/**
 * The ClickHouse engine in this process: queries on threads of the addon, inserts through koffi, one more
 * connection for checks and cancels, one for what the store itself asks, and one that keeps the engine open.
 */
export class Engine {
  readonly #config: StoreConfig;
  readonly #onLost: (why: string) => void;
  #open:
    | {
        readonly addon: Addon;
        readonly keeper: Handle;
        readonly control: Handle;
        readonly monitor: Handle;
        readonly inserts: InsertBinding;
        readonly reads: QueryPool;
        readonly statements: QueryPool;
      }
    | undefined;
  /** Cancels share one connection, on which one query runs at a time. */
  #controlTail: Promise<unknown> = Promise.resolve();

  constructor(config: StoreConfig, onLost: (why: string) => void) {
    this.#config = config;
    this.#onLost = onLost;
  }

  async start(): Promise<void> {
    const files = prepareEngineFiles(this.#config);
    process.chdir(files.empty);
    const inserts = new InsertBinding(files.data);
    inserts.leaveSignalsAlone();
    const addon = loadAddon();
    const keeper = addon.connect(files.data, files.arguments);
    const control = addon.connect(files.data);
    const monitor = addon.connect(files.data);
    const reads = new QueryPool(files.data, this.#config.BELLWETHER_STORE_READS, this.#onLost);
    const statements = new QueryPool(files.data, this.#config.BELLWETHER_STORE_STATEMENTS, this.#onLost);
    this.#open = { addon, keeper, control, monitor, inserts, reads, statements };
    await reads.start();
    await statements.start();
  }

  /** Closes the engine; nothing may run any more. */
  async stop(): Promise<void> {
    const open = this.#open;
    this.#open = undefined;
    if (open === undefined) return;
    await open.reads.stop();
    await open.statements.stop();
    await this.#controlTail;
    open.addon.close(open.monitor);
    open.addon.close(open.control);
    open.addon.close(open.keeper);
  }

  /** Runs a query on a thread of the lane. @param tag identifies the query to {@link cancel} */
  query(lane: 'reads' | 'statements', order: QueryOrder, tag: string): RunningQuery {
    return this.#opened()[lane].run({
      kind: 'run',
      sql: order.sql,
      format: order.format,
      mode: order.mode,
      setup: setupOf(order, tag),
    });
  }

  /** Opens an insert; settings travel in the statement. */
  insert(target: string, settings: ReadonlyMap<string, string>, format: string): Promise<InsertStream> {
    const list = [...settings].map(([name, value]) => `${name} = ${value}`).join(', ');
    return this.#opened().inserts.open(list === '' ? target : `${target} SETTINGS ${list}`, format);
  }

  /** Ends a query that somebody no longer waits for. Resolves when `gone` does or attempts are used up. */
  async cancel(tag: string, gone: Promise<unknown>): Promise<void> {
    const ended = gone.then(() => true);
    const sql = `KILL QUERY WHERE startsWith(Settings['log_comment'], ${literal(tag)}) ASYNC FORMAT Null`;
    // A query that is only just starting is not in system.processes yet, hence the repetition.
    for (let attempt = 0; attempt < KILL_ATTEMPTS; attempt += 1) {
      await this.#control(sql);
      const later = new Promise<false>((resolve) => setTimeout(resolve, KILL_EVERY_MS, false));
      if (await Promise.race([ended, later])) return;
    }
  }

  /** Asks the engine the simplest question there is. */
  async check(): Promise<void> {
    await this.#control('SELECT 1');
  }

  /** Runs a query of the store's own, one at a time. @returns its rows as JSON lines */
  async ask(sql: string): Promise<string> {
    const { addon, monitor } = this.#opened();
    const { bytes } = await addon.query(monitor, sql, 'JSONEachRow');
    return Buffer.from(bytes).toString('utf8');
  }

  #control(sql: string): Promise<unknown> {
    const { addon, control } = this.#opened();
    const next = this.#controlTail.then(() => addon.query(control, sql, 'Null'));
    this.#controlTail = next.catch(() => undefined);
    return next;
  }

  #opened() {
    if (this.#open === undefined) throw refusal('ABORTED', 'The store is stopping');
    return this.#open;
  }
}

function setupOf(order: QueryOrder, tag: string): string[] {
  const settings = new Map(order.settings);
  settings.set('log_comment', `${tag}${settings.get('log_comment') ?? ''}`);
  // readonly comes last: nothing can be set after it.
  const readonly = settings.get('readonly');
  settings.delete('readonly');
  if (readonly !== undefined) settings.set('readonly', readonly);
  const list = [...settings].map(([name, value]) => `${name} = ${literal(value)}`).join(', ');
  const use = order.database === undefined ? [] : [`USE \`${order.database}\``];
  return [...use, `SET ${list}`];
}
