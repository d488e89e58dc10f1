import { readFileSync } from 'node:fs';
import { z } from 'zod';
import { DATABASE, type ClickHouseClient } from '../../common/clickhouse/connection.js';
import { homePaths } from '../../embedded/supervisor/home.js';
import { readStackFile, type StackFile } from '../../embedded/supervisor/stack-file.js';

/** What one look at a running stack shows. */
export interface Look {
  /** Seconds since the load began. */
  readonly second: number;
  readonly freshSeconds: number;
  /** Windows of hosts received of those expected in the last minute. */
  readonly ratio: number;
  /** Measurements that the agent of the demo lost in it; the simulated hosts make losses up. */
  readonly lost: number;
  readonly restarts: number;
  /** Resident MiB by part. */
  readonly memory: ReadonlyMap<string, number>;
  /** Messages that are not committed, by processor. */
  readonly lag: ReadonlyMap<string, number>;
  /** Active parts by table, those of its fullest partition. */
  readonly parts: ReadonlyMap<string, number>;
}

/** Before the numbers of the simulated hosts. */
export const FLEET_PREFIX = 'soak';
const LIMIT_MS = 20_000;
/** A window (5 s), the time until it is expected (10 s), and some. */
const FRESH_WITHIN_SECONDS = 20;

const ledger = z.object({
  freshness: z.string().nullable(),
  completeness: z.object({ ratio: z.number().nullable() }),
  windows: z.array(z.object({ host: z.string(), lost: z.record(z.string(), z.number()) })),
});
const partsRow = z.object({ table: z.string(), parts: z.coerce.number() });
const PROCESSORS = ['writer', 'rollup'];

export async function look(stack: StackFile, client: ClickHouseClient, second: number): Promise<Look> {
  const token = readFileSync(stack.tokens['operator'] ?? '', 'utf8').trim();
  const answer = await fetch(`${stack.urls.api}/v1/fleet/ledger?from=now-1m&limit=10000`, {
    headers: { authorization: `Bearer ${token}` },
    signal: AbortSignal.timeout(LIMIT_MS),
  });
  const { freshness, completeness, windows } = ledger.parse(await answer.json());
  const { parts } = readStackFile(homePaths(stack.home).stackFile) ?? stack;
  const lags = await Promise.all(
    PROCESSORS.filter((name) => stack.ports[name] !== undefined).map(
      async (name): Promise<[string, number]> => [name, await lagOf(stack.ports[name] ?? 0)],
    ),
  );
  return {
    second,
    freshSeconds: freshness === null ? Infinity : (Date.now() - Date.parse(freshness)) / 1000,
    ratio: completeness.ratio ?? 0,
    lost: windows
      .filter(({ host }) => !host.startsWith(`${FLEET_PREFIX}-`))
      .flatMap(({ lost }) => Object.values(lost))
      .reduce((sum, count) => sum + count, 0),
    restarts: parts.reduce((sum, part) => sum + part.restarts, 0),
    memory: new Map(parts.map(({ name, pid }) => [name, residentMiB(pid)])),
    lag: new Map(lags),
    parts: await partsOf(client),
  };
}

export function isWhole({ ratio, lost, restarts, freshSeconds }: Look): boolean {
  return ratio === 1 && lost === 0 && restarts === 0 && freshSeconds <= FRESH_WITHIN_SECONDS;
}

export function describe(seen: Look): string {
  const list = (values: ReadonlyMap<string, number>) =>
    [...values].map(([name, value]) => `${name} ${String(value)}`).join(', ');
  return (
    `${String(seen.second)} s: fresh to ${seen.freshSeconds.toFixed(1)} s ago, completeness ${String(seen.ratio)},` +
    ` lost ${String(seen.lost)}, restarts ${String(seen.restarts)}; lag: ${list(seen.lag)}; parts: ${list(seen.parts)};` +
    ` MiB: ${list(seen.memory)}`
  );
}

/** Resident memory of a process, MiB; 0 when it is gone. */
function residentMiB(pid: number): number {
  try {
    const kib = /VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${String(pid)}/status`, 'utf8'))?.[1];
    return Math.round(Number(kib ?? 0) / 1024);
  } catch {
    return 0;
  }
}

/** NaN when the processor does not answer. */
async function lagOf(port: number): Promise<number> {
  const answer = await fetch(`http://127.0.0.1:${String(port)}/metrics`, {
    signal: AbortSignal.timeout(LIMIT_MS),
  });
  const lines = [...(await answer.text()).matchAll(/^bellwether_\w+_lag_messages\{[^}]*\} (\S+)$/gm)];
  return lines.reduce((sum, [, value]) => sum + Number(value), 0);
}

async function partsOf(client: ClickHouseClient): Promise<ReadonlyMap<string, number>> {
  const result = await client.query({
    query: `SELECT table, max(parts) AS parts FROM (
              SELECT table, partition, count() AS parts FROM system.parts
              WHERE database = '${DATABASE}' AND active GROUP BY table, partition
            ) GROUP BY table ORDER BY table`,
    format: 'JSONEachRow',
  });
  return new Map(
    z
      .array(partsRow)
      .parse(await result.json())
      .map(({ table, parts }) => [table, parts]),
  );
}
