/** `npm run soak -- [--minutes N]`: the demo runs for so long; each half minute it must be whole. */
import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { z } from 'zod';
import { messageOf } from '../../common/runtime/errors.js';
import { homePaths } from '../../embedded/supervisor/home.js';
import { readStackFile, type StackFile } from '../../embedded/supervisor/stack-file.js';
import { startTestStack } from '../support/test-stack.js';

const DEFAULT_MINUTES = 60;
const MAX_MINUTES = 24 * 60;
const INTERVAL_MS = 30_000;
/** A window (5 s), the time until it is expected (10 s), and some. */
const FRESH_WITHIN_SECONDS = 20;

const say = (line: string) => process.stdout.write(`${line}\n`);

const ledger = z.object({
  freshness: z.string().nullable(),
  completeness: z.object({ ratio: z.number().nullable(), points_lost: z.number() }),
});

interface Look {
  readonly freshSeconds: number;
  readonly ratio: number;
  readonly lost: number;
  readonly restarts: number;
  /** MiB by part. */
  readonly memory: ReadonlyMap<string, number>;
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

async function look(stack: StackFile): Promise<Look> {
  const token = readFileSync(stack.tokens['operator'] ?? '', 'utf8').trim();
  const answer = await fetch(`${stack.urls.api}/v1/fleet/ledger?from=now-1m&limit=1`, {
    headers: { authorization: `Bearer ${token}` },
    signal: AbortSignal.timeout(20_000),
  });
  const { freshness, completeness } = ledger.parse(await answer.json());
  const { parts } = readStackFile(homePaths(stack.home).stackFile) ?? stack;
  return {
    freshSeconds: freshness === null ? Infinity : (Date.now() - Date.parse(freshness)) / 1000,
    ratio: completeness.ratio ?? 0,
    lost: completeness.points_lost,
    restarts: parts.reduce((sum, part) => sum + part.restarts, 0),
    memory: new Map(parts.map(({ name, pid }) => [name, residentMiB(pid)])),
  };
}

const isWhole = (seen: Look) =>
  seen.ratio === 1 && seen.lost === 0 && seen.restarts === 0 && seen.freshSeconds <= FRESH_WITHIN_SECONDS;

function describe(seen: Look): string {
  const memory = [...seen.memory].map(([name, mib]) => `${name} ${String(mib)}`).join(', ');
  return `fresh to ${seen.freshSeconds.toFixed(1)} s ago, completeness ${String(seen.ratio)}, lost ${String(seen.lost)}, restarts ${String(seen.restarts)}; MiB: ${memory}`;
}

async function main(): Promise<number> {
  const { values } = parseArgs({
    options: { minutes: { type: 'string', default: String(DEFAULT_MINUTES) } },
  });
  const minutes = z.coerce.number().positive().max(MAX_MINUTES).parse(values.minutes);
  say(`soak: planned ${String(minutes)} min`);
  const stack = await startTestStack(say);
  const looks: Look[] = [];
  const end = Date.now() + minutes * 60_000;
  while (Date.now() < end) {
    await sleep(Math.min(INTERVAL_MS, Math.max(end - Date.now(), 0)));
    const seen = await look(stack.info);
    looks.push(seen);
    say(`  ${describe(seen)}`);
  }
  const broken = looks.filter((seen) => !isWhole(seen)).length;
  if (broken > 0) stack.keepHome();
  const left = await stack.stop();
  const last = looks.at(-1);
  const holds = looks.length > 0 && broken === 0 && left.length === 0;
  say(
    `\nsoak  ${String(minutes)} min, ${String(looks.length - broken)} of ${String(looks.length)} looks whole, left behind ${String(left.length)}; last: ${last === undefined ? 'none' : describe(last)}  ${holds ? 'holds' : 'falls short'}`,
  );
  return holds ? 0 : 1;
}

try {
  process.exit(await main());
} catch (error) {
  process.stderr.write(`✗ ${messageOf(error)}\n`);
  process.exit(1);
}
