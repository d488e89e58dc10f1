import koffi from 'koffi';
import { z } from 'zod';
import { engineError } from '../errors.js';
import { libraryPath } from './native.js';

/** koffi calls on a stack of its own, 256 KiB by default: the engine parses the head of the INSERT on it. */
const STACK_BYTES = 4_194_304;

/** Rows and bytes that an insert wrote, views included. */
export interface Written {
  readonly rows: number;
  readonly bytes: number;
}

/** The bytes of one insert on their way into the engine. */
export interface InsertStream {
  /** Hands over a piece; waits while the engine is behind. False: it takes no more, and finish says why. */
  append(piece: Uint8Array): Promise<boolean>;
  /** No more data: resolves when all is stored. @throws StoreError of the engine */
  finish(): Promise<Written>;
  /** Gives the insert up. Blocks of rows that the engine has already stored stay. */
  cancel(): Promise<void>;
}

interface Bound {
  (...args: unknown[]): unknown;
  async(...args: unknown[]): unknown;
}

/**
 * chdb's streaming insert, bound by koffi from the library that the addon has loaded: the addon itself only
 * inserts inline, where data after a blank line is run as SQL. Here statement and data travel apart.
 * Only these functions go through koffi: it calls on a stack of its own, which the engine's stack check
 * refuses for queries.
 */
export class InsertBinding {
  readonly #connect: Bound;
  readonly #close: Bound;
  readonly #open: Bound;
  readonly #append: Bound;
  readonly #done: Bound;
  readonly #cancel: Bound;
  readonly #streamError: Bound;
  readonly #destroyStream: Bound;
  readonly #resultError: Bound;
  readonly #rowsWritten: Bound;
  readonly #bytesWritten: Bound;
  readonly #destroyResult: Bound;
  readonly #signalHandlers: Bound;

  constructor(private readonly path: string) {
    koffi.config({ ...koffi.config(), async_stack_size: STACK_BYTES });
    const library = koffi.load(libraryPath());
    const bind = (prototype: string): Bound => library.func(prototype);
    this.#signalHandlers = bind('void chdb_set_signal_handlers_enabled(int)');
    this.#connect = bind('void **chdb_connect(int, const char **)');
    this.#close = bind('void chdb_close_conn(void **)');
    this.#open = bind('void *chdb_stream_insert_n(void *, const void *, size_t, const void *, size_t)');
    this.#append = bind('int chdb_stream_append(void *, const void *, size_t)');
    this.#done = bind('void *chdb_stream_done(void *)');
    this.#cancel = bind('void chdb_stream_cancel_insert(void *)');
    this.#streamError = bind('const char *chdb_stream_insert_error(void *)');
    this.#destroyStream = bind('void chdb_destroy_insert_stream(void *)');
    this.#resultError = bind('const char *chdb_result_error(void *)');
    this.#rowsWritten = bind('uint64_t chdb_result_rows_written(void *)');
    this.#bytesWritten = bind('uint64_t chdb_result_bytes_written(void *)');
    this.#destroyResult = bind('void chdb_destroy_query_result(void *)');
  }

  /** Before the engine opens: with its own handlers a crashed process hangs instead of ending (measured). */
  leaveSignalsAlone(): void {
    this.#signalHandlers(0);
  }

  /**
   * Opens an insert on a fresh connection.
   * @param statement `INSERT INTO … SETTINGS …` without FORMAT
   * @throws StoreError of the engine (unknown table, unknown column, …)
   */
  async open(statement: string, format: string): Promise<InsertStream> {
    const connection = await inPool(this.#connect, 2, ['bellwether-store', `--path=${this.path}`]);
    if (connection === null) throw engineError('the engine gave no connection for an insert');
    const closeConnection = () => inPool(this.#close, connection);
    const head = Buffer.from(statement, 'utf8');
    const name = Buffer.from(format, 'utf8');
    const inner: unknown = koffi.decode(connection, 'void *');
    const stream = await inPool(this.#open, inner, head, head.length, name, name.length);
    const release = async () => {
      await inPool(this.#destroyStream, stream);
      await closeConnection();
    };
    const failed = text(this.#streamError(stream));
    if (failed !== undefined) {
      await release();
      throw engineError(failed);
    }
    return this.#streamOf(stream, release);
  }

  #streamOf(stream: unknown, release: () => Promise<void>): InsertStream {
    return {
      append: async (piece) => (await inPool(this.#append, stream, piece, piece.length)) === 0,
      finish: async () => {
        const result = await inPool(this.#done, stream);
        try {
          const failed = text(this.#resultError(result));
          if (failed !== undefined) throw engineError(failed);
          return { rows: number(this.#rowsWritten(result)), bytes: number(this.#bytesWritten(result)) };
        } finally {
          this.#destroyResult(result);
          await release();
        }
      },
      cancel: async () => {
        await inPool(this.#cancel, stream);
        await release();
      },
    };
  }
}

/** Runs a bound function on libuv's pool. */
function inPool(bound: Bound, ...args: unknown[]): Promise<unknown> {
  return new Promise((resolve, reject) => {
    bound.async(...args, (error: unknown, value: unknown) => {
      if (error instanceof Error) reject(error);
      else resolve(value);
    });
  });
}

const text = (value: unknown): string | undefined =>
  typeof value === 'string' && value !== '' ? value : undefined;
const number = (value: unknown): number => Number(z.union([z.number(), z.bigint()]).parse(value));
