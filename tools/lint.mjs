/** ESLint, Prettier and clang-format over everything that people write; exit code 1 when one finds something. */
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { hasProgram } from './setup-packages.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));
process.chdir(root);

/** Hand-written C: what is generated says so in its name, what is built lies in build/. */
function handWrittenC(directory) {
  if (!existsSync(directory)) return [];
  return readdirSync(directory, { recursive: true })
    .filter((name) => /\.[ch]$/.test(name) && !/\.gen\.h$/.test(name) && !/(^|\/)build\//.test(name))
    .map((name) => join(directory, name));
}

const checks = [
  ['node_modules/.bin/eslint', '.'],
  ['node_modules/.bin/prettier', '--check', '--log-level', 'warn', '.'],
];
const sources = handWrittenC('bpf');
if (!hasProgram('clang-format')) console.log('clang-format is not installed: the C sources are not checked');
else if (sources.length > 0) checks.push(['clang-format', '--dry-run', '-Werror', ...sources]);

let failed = false;
for (const [program, ...parameters] of checks) {
  const { status, error } = spawnSync(program, parameters, { stdio: 'inherit' });
  if (error) console.error(`${program}: ${error.message}`);
  if (status !== 0) {
    failed = true;
    console.error(`✗ ${program.split('/').pop()} found something`);
  }
}
process.exitCode = failed ? 1 : 0;
