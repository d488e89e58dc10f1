import { execFile } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { z } from 'zod';
import { DATABASE, type ClickHouseClient } from '../../../common/clickhouse/connection.js';
import { PROJECT } from '../paths.js';

/** Where the store is to die: at the n-th call of this kind for an insert's part of this table. */
export interface DiePoint {
  readonly table: string;
  readonly call: 'mkdir' | 'open' | 'write' | 'fsync' | 'rename' | 'renamed';
  readonly nth: number;
}

/** From the part's directory to its last rename, and after it, when nobody has heard of it yet; table by table. */
export const DIE_POINTS: readonly DiePoint[] = [
  { table: 'samples', call: 'mkdir', nth: 1 },
  { table: 'samples', call: 'open', nth: 1 },
  { table: 'samples', call: 'open', nth: 4 },
  { table: 'samples', call: 'write', nth: 3 },
  { table: 'samples', call: 'fsync', nth: 1 },
  { table: 'samples', call: 'fsync', nth: 3 },
  { table: 'samples', call: 'rename', nth: 1 },
  { table: 'samples', call: 'renamed', nth: 1 },
  { table: 'batches', call: 'open', nth: 2 },
  { table: 'batches', call: 'renamed', nth: 1 },
  { table: 'touches', call: 'rename', nth: 1 },
  { table: 'touches', call: 'renamed', nth: 2 },
  { table: 'minutes', call: 'rename', nth: 1 },
  { table: 'minutes', call: 'renamed', nth: 2 },
  { table: 'seals', call: 'rename', nth: 1 },
  { table: 'seals', call: 'renamed', nth: 1 },
];

const SOURCE = join(PROJECT, 'test/support/chaos/die-at-step.c');
const tableRow = z.object({ uuid: z.string() });

/** Compiles the library into the directory. @returns its path; undefined where there is no compiler. */
export async function compileDieAtStep(directory: string): Promise<string | undefined> {
  const library = join(directory, 'die-at-step.so');
  try {
    await promisify(execFile)('clang', ['-O2', '-Wall', '-shared', '-fPIC', '-o', library, SOURCE, '-ldl']);
    return library;
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
    throw error;
  }
}

/** The environment of a store that dies there and says so in the log. */
export async function dieThere(
  client: ClickHouseClient,
  { library, log }: { readonly library: string; readonly log: string },
  { table, call, nth }: DiePoint,
): Promise<Record<string, string>> {
  const result = await client.query({
    query: 'SELECT uuid FROM system.tables WHERE database = {database:String} AND name = {table:String}',
    query_params: { database: DATABASE, table },
    format: 'JSONEachRow',
  });
  const [row] = z.array(tableRow).parse(await result.json());
  if (row === undefined) throw new Error(`there is no table ${table}`);
  return { LD_PRELOAD: library, DIE_CALL: call, DIE_NTH: String(nth), DIE_PATH: row.uuid, DIE_LOG: log };
}

/** How many stores have died by the library. */
export function deathsIn(log: string): number {
  return existsSync(log) ? readFileSync(log, 'utf8').trimEnd().split('\n').length : 0;
}
