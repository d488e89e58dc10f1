import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { z } from 'zod';

/** A native connection or stream of the addon; only passed back to it. */
export type Handle = object;

const fetched = z.object({
  bytes: z.instanceof(Uint8Array).optional(),
  numRows: z.number().optional(),
  done: z.boolean(),
});
const queried = z.object({
  bytes: z.instanceof(Uint8Array),
  elapsed: z.number(),
  rowsRead: z.number(),
  bytesRead: z.number(),
});
const classified = z.object({ statementCount: z.number(), queryClass: z.number() });

export type Fetched = z.output<typeof fetched>;
export type Queried = z.output<typeof queried>;

const call = <T extends (...args: never[]) => unknown>() =>
  z.custom<T>((value) => typeof value === 'function', 'the chdb addon lacks a function that the store needs');

/** The functions of chdb's addon that the store uses. Those ending in Async run on libuv's pool. */
const addonSchema = z.object({
  CreateConnection: call<(path: string, args?: readonly string[]) => Handle>(),
  CloseConnection: call<(connection: Handle) => void>(),
  QueryWithConnection: call<(connection: Handle, sql: string, format: string) => string>(),
  QueryAsyncConnection: call<(connection: Handle, sql: string, format: string) => Promise<unknown>>(),
  StreamQuery: call<(connection: Handle, sql: string, format: string) => Handle>(),
  StreamFetch: call<(stream: Handle) => Promise<unknown>>(),
  StreamCancel: call<(stream: Handle) => void>(),
  DurableClassifyAsync: call<(connection: Handle, sql: string, database: string) => Promise<unknown>>(),
});

export interface Addon {
  connect(path: string, args?: readonly string[]): Handle;
  close(connection: Handle): void;
  /** Runs at once, on the calling thread. */
  run(connection: Handle, sql: string): void;
  query(connection: Handle, sql: string, format: string): Promise<Queried>;
  /** Analyses the query on the calling thread: scalar subqueries run there, for as long as they take. */
  openStream(connection: Handle, sql: string, format: string): Handle;
  fetch(stream: Handle): Promise<Fetched>;
  closeStream(stream: Handle): void;
  /** How many statements the engine's own parser sees; 0 when it cannot parse the text. */
  countStatements(connection: Handle, sql: string): Promise<number>;
}

const require = createRequire(import.meta.url);

/** Loads chdb's addon by its low level: its Session class keeps one connection, whose settings leak. */
export function loadAddon(): Addon {
  const loader = z
    .object({ loadNative: call<() => unknown>() })
    .parse(require(join(dirname(require.resolve('chdb/package.json')), 'dist', 'loader.js')));
  const native = addonSchema.parse(loader.loadNative());
  return {
    connect: (path, args) =>
      args === undefined ? native.CreateConnection(path) : native.CreateConnection(path, [...args]),
    close: (connection) => native.CloseConnection(connection),
    run: (connection, sql) => void native.QueryWithConnection(connection, sql, 'Null'),
    query: async (connection, sql, format) =>
      queried.parse(await native.QueryAsyncConnection(connection, sql, format)),
    openStream: (connection, sql, format) => native.StreamQuery(connection, sql, format),
    fetch: async (stream) => fetched.parse(await native.StreamFetch(stream)),
    closeStream: (stream) => native.StreamCancel(stream),
    countStatements: async (connection, sql) =>
      classified.parse(await native.DurableClassifyAsync(connection, sql, 'bellwether')).statementCount,
  };
}

/** Path of the engine's library, which the addon has loaded and koffi binds once more. */
export function libraryPath(): string {
  const module = z.object({ libchdbPath: call<() => string>() }).parse(require('chdb/libchdb'));
  return module.libchdbPath();
}
