/** `npm run promises -- [NAME…] [--short]`: measures what we promise; a line each at the end. */
import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { messageOf } from '../../common/runtime/errors.js';
import { homePaths } from '../../embedded/supervisor/home.js';
import { isSupervised, readStackFile } from '../../embedded/supervisor/stack-file.js';
import { endAll, processesWith, RUN_MARK } from '../support/leftovers.js';
import { PROJECT } from '../support/paths.js';
import { findPromises, runPromise, verdictLine, type Verdict } from '../support/promises.js';
import { startTestStack, type TestStack } from '../support/test-stack.js';
import type { ProductPromise, StackInfo } from './promise.js';

/** A promise gets so many times its planned time before it counts as not kept. */
const PATIENCE = 4;
const LEAST_LIMIT_MS = 60_000;

process.env[RUN_MARK] = randomUUID();
const say = (line: string) => process.stdout.write(`${line}\n`);

/** The stack under BELLWETHER_HOME when it runs with the demo and live probes, else none. */
function runningDemo(): StackInfo | undefined {
  const home = process.env['BELLWETHER_HOME'];
  const paths = homePaths(home === undefined || home === '' ? join(PROJECT, '.bellwether') : home);
  const stack = readStackFile(paths.stackFile);
  if (stack === undefined || !isSupervised(stack) || stack.state !== 'ready') return undefined;
  return stack.demo ? stack : undefined;
}

async function choose(names: readonly string[]): Promise<ProductPromise[]> {
  const all = await findPromises();
  const unknown = names.filter((name) => !all.some((promise) => promise.name === name));
  if (unknown.length > 0) {
    const known = all.map(({ name }) => name).join(', ');
    throw new Error(`there is no promise ${unknown.join(', ')}; there are: ${known}`);
  }
  return names.length === 0 ? all : all.filter(({ name }) => names.includes(name));
}

async function main(): Promise<number> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: { short: { type: 'boolean', default: false } },
  });
  const mode = values.short ? 'short' : 'full';
  const chosen = await choose(positionals);
  const planned = chosen.reduce((sum, { plannedSeconds }) => sum + plannedSeconds[mode], 0);
  say(`${String(chosen.length)} promises, ${mode} form: about ${String(Math.ceil(planned / 60))} min`);
  const needsStack = chosen.some(({ needs }) => needs === 'stack') && process.getuid?.() === 0;
  let own: TestStack | undefined;
  let stack = needsStack ? runningDemo() : undefined;
  if (needsStack && stack === undefined) {
    say('starting a stack with the demo for them');
    own = await startTestStack(say);
    stack = own.info;
  }
  const lines: string[] = [];
  const verdicts: Verdict[] = [];
  for (const promise of chosen) {
    const seconds = promise.plannedSeconds[mode];
    say(`▸ ${promise.name}: planned ${String(seconds)} s`);
    const limitMs = Math.max(seconds * 1000 * PATIENCE, LEAST_LIMIT_MS);
    const verdict = await runPromise(promise, { mode, stack, say, limitMs });
    verdicts.push(verdict);
    lines.push(verdictLine(promise.name, verdict));
  }
  const fallsShort = verdicts.some(({ outcome }) => outcome === 'falls short');
  if (fallsShort) own?.keepHome();
  const left = [...new Set([...((await own?.stop()) ?? []), ...endLeftovers()])];
  if (left.length > 0) lines.push(`left behind: ${left.join(', ')}`);
  say(`\n${lines.join('\n')}`);
  return fallsShort || left.length > 0 || verdicts.length === 0 ? 1 : 0;
}

/** A promise that was late may have started others since it was ended. */
function endLeftovers(): string[] {
  const left = processesWith(`${RUN_MARK}=${process.env[RUN_MARK] ?? ''}`);
  endAll(left);
  return left.map(({ pid, command }) => `process ${String(pid)} (${command})`);
}

try {
  // Whatever a promise leaves open must not keep the run alive.
  process.exit(await main());
} catch (error) {
  process.stderr.write(`✗ ${messageOf(error)}\n`);
  process.exit(1);
}
