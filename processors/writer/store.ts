import { DATABASE, type ClickHouseClient } from '../../common/clickhouse/connection.js';
import { RowBinaryWriter } from '../../common/clickhouse/row-binary.js';
import { classifyStoreError } from '../../common/clickhouse/errors.js';
import { insertNative, insertRowBinary, type RowsInsert } from '../../common/clickhouse/insert.js';
import type { Clock } from '../../common/runtime/clock.js';
import { BellwetherError, messageOf } from '../../common/runtime/errors.js';
import type { Logger } from '../../common/runtime/log.js';
import { insertAttributes } from '../../common/telemetry/telemetry.js';
import type { WriterMetrics } from './metrics.js';
import { refused, type Prepared, type Refused } from './prepare.js';
import { tryAgain } from './retry.js';
import { COLUMNS, type MessageTable, tableOf, type TableName, type TableRows } from './rows/table-rows.js';
import type { SampleRows } from './rows/sample-rows.js';
import { SAMPLES_COLUMNS, SamplesBlock } from './rows/samples-block.js';
import { touchRows } from './rows/touches.js';
import { inSpan } from './trace.js';

export interface StoreOptions {
  readonly client: ClickHouseClient;
  readonly metrics: WriterMetrics;
  readonly log: Logger;
  readonly signal: AbortSignal;
  /** Whose time passes; the machine's without it. */
  readonly clock?: Clock | undefined;
}

const FIRST_PAUSE_MS = 200;
const LONGEST_PAUSE_MS = 10_000;

/** Puts prepared messages into the tables, whatever it takes. */
export class Store {
  readonly #options: StoreOptions;
  readonly #block = new SamplesBlock();
  #trouble: string | undefined;

  constructor(options: StoreOptions) {
    this.#options = options;
  }

  /** Why the store does not take rows at the moment; undefined when it does. */
  get trouble(): string | undefined {
    return this.#trouble;
  }

  /**
   * Resolves when the rows of all messages are stored but those of the ones returned, which the store refuses.
   * Rows have identities, so trying again and bisecting are harmless.
   * @throws BellwetherError `store_unavailable` when nothing will be taken until somebody acts; Stopped.
   */
  async insert(messages: readonly Prepared[]): Promise<Refused[]> {
    if (messages.length === 0) return [];
    try {
      await this.#insertWithRetry(messages);
      return [];
    } catch (error) {
      if (classifyStoreError(error).action !== 'isolate') throw error;
      return await this.#isolate(messages, error);
    }
  }

  async #isolate(messages: readonly Prepared[], error: unknown): Promise<Refused[]> {
    const [first] = messages;
    if (first === undefined) return [];
    if (messages.length === 1) {
      const { code, name } = classifyStoreError(error);
      // The engine's text may quote values; its name and code say enough for a header.
      return [refused(first.message, 'store_refused', `ClickHouse code ${code} ${name}`)];
    }
    this.#options.metrics.isolations.inc();
    const middle = Math.ceil(messages.length / 2);
    const left = await this.insert(messages.slice(0, middle));
    return [...left, ...(await this.insert(messages.slice(middle)))];
  }

  async #insertWithRetry(messages: readonly Prepared[]): Promise<void> {
    await tryAgain(() => this.#insertTables(messages), {
      firstPauseMs: FIRST_PAUSE_MS,
      longestPauseMs: LONGEST_PAUSE_MS,
      signal: this.#options.signal,
      clock: this.#options.clock,
      shouldRetry: (error) => this.#shouldRetry(error),
    });
    this.#trouble = undefined;
  }

  #shouldRetry(error: unknown): boolean {
    const { action, code, name, known } = classifyStoreError(error);
    const { metrics, log } = this.#options;
    metrics.insertFailures.inc({ code: name, action });
    if (!known) metrics.unknownStoreErrors.inc({ code });
    if (action === 'isolate') {
      // It answers, and will take what is left: no reason any more for a consumer to stand still.
      this.#trouble = undefined;
      return false;
    }
    if (action === 'stop') {
      throw new BellwetherError('store_unavailable', `the store refuses every insert: ${messageOf(error)}`, {
        cause: error,
      });
    }
    this.#trouble = `${name}: ${messageOf(error)}`;
    log.warn({ code, name, error: messageOf(error) }, 'the store does not take rows; trying again');
    return true;
  }

  /**
   * The ledger last, so that it never says more than is stored. Before it, and after the samples, `touches`: a
   * rollup that has not seen these rows counts as incomplete before the ledger says that they are there.
   */
  async #insertTables(messages: readonly Prepared[]): Promise<void> {
    const of = (table: MessageTable) => messages.flatMap(({ tables }) => tables[table] ?? []);
    const minutes = new Set(messages.flatMap((message) => message.minutes));
    await this.#insertSamples(messages.flatMap(({ samples }) => samples ?? []));
    await this.#insertTable('foreign', of('foreign'));
    await this.#insertTable('touches', [touchRows(minutes, new RowBinaryWriter())]);
    await this.#insertTable('events', of('events'));
    await this.#insertTable('batches', of('batches'));
  }

  async #insertSamples(parts: readonly SampleRows[]): Promise<void> {
    const rows = rowsOf(parts);
    if (rows === 0) return;
    const chunks = this.#block.of(parts);
    await this.#send('samples', rows, { table: 'samples', columns: SAMPLES_COLUMNS, chunks }, insertNative);
  }

  async #insertTable(name: TableName, parts: readonly TableRows[]): Promise<void> {
    const filled = parts.filter(({ rows }) => rows > 0);
    if (filled.length === 0) return;
    const chunks = filled.map(({ bytes }) => bytes);
    const insert = { table: tableOf(name), columns: COLUMNS[name], chunks };
    await this.#send(name, rowsOf(filled), insert, insertRowBinary);
  }

  async #send(
    table: TableName | 'samples',
    rows: number,
    insert: RowsInsert,
    send: (client: ClickHouseClient, insert: RowsInsert) => Promise<void>,
  ): Promise<void> {
    const { client, metrics } = this.#options;
    await inSpan(
      `INSERT ${insert.table}`,
      () => send(client, insert),
      () => ({ kind: 'client', attributes: insertAttributes(DATABASE, insert.table, rows) }),
    );
    metrics.inserts.inc({ table });
    metrics.rows.inc({ table }, rows);
  }
}

function rowsOf(parts: readonly { readonly rows: number }[]): number {
  return parts.reduce((sum, { rows }) => sum + rows, 0);
}
