/** `npm run bench -- [NAME…]`: measures and prints figures; nothing is judged. */
import { basename } from 'node:path';
import { parseArgs } from 'node:util';
import { pathToFileURL } from 'node:url';
import { messageOf } from '../../common/runtime/errors.js';
import { compiledFiles } from '../support/paths.js';
import { startTestStack, type TestStack } from '../support/test-stack.js';
import type { Bench } from './bench.js';

const say = (line: string) => process.stdout.write(`${line}\n`);

function isBench(value: unknown): value is Bench {
  return typeof value === 'object' && value !== null && 'name' in value && 'needs' in value && 'run' in value;
}

async function findBenches(): Promise<Bench[]> {
  const found: Bench[] = [];
  for (const file of compiledFiles('bench', /\/bench\/[a-z0-9-]+\.js$/)) {
    if (['run.js', 'bench.js'].includes(basename(file))) continue;
    const module: unknown = await import(pathToFileURL(file).href);
    if (typeof module === 'object' && module !== null && 'default' in module && isBench(module.default)) {
      found.push(module.default);
    }
  }
  return found;
}

async function main(): Promise<number> {
  const { positionals } = parseArgs({ allowPositionals: true });
  const all = await findBenches();
  const chosen = positionals.length === 0 ? all : all.filter(({ name }) => positionals.includes(name));
  if (chosen.length === 0 || chosen.length < positionals.length) {
    throw new Error(`there are these benches: ${all.map(({ name }) => name).join(', ')}`);
  }
  let stack: TestStack | undefined;
  const lines: string[] = [];
  for (const bench of chosen) {
    if (bench.needs !== 'nothing' && process.getuid?.() !== 0) {
      lines.push(`${bench.name}  skipped: needs root`);
      continue;
    }
    if (bench.needs === 'stack') stack ??= await startTestStack(say);
    say(`▸ ${bench.name}: planned ${String(bench.plannedSeconds)} s`);
    const figures = await bench.run({ stack: stack?.info, log: (line) => say(`    ${line}`) });
    lines.push(...figures.map((figure) => `${bench.name}  ${figure}`));
  }
  await stack?.stop();
  say(`\n${lines.join('\n')}`);
  return 0;
}

try {
  process.exit(await main());
} catch (error) {
  process.stderr.write(`✗ ${messageOf(error)}\n`);
  process.exit(1);
}
