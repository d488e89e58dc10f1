/** npm packages, probes and compiled code: each only when what it is made from has changed. */
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { hasBtf } from './setup-checks.mjs';
import { hasProgram } from './setup-packages.mjs';
import { runStep, say } from './setup-steps.mjs';

const readJson = (path) => JSON.parse(readFileSync(path, 'utf8'));

/** Compares what npm says it installed with the lock file, package by package; optional ones may be absent. */
export function packagesMatchLock(root) {
  const installed = join(root, 'node_modules/.package-lock.json');
  if (!existsSync(installed)) return false;
  const have = readJson(installed).packages;
  return Object.entries(readJson(join(root, 'package-lock.json')).packages).every(([path, wanted]) => {
    if (path === '') return true;
    const found = have[path];
    if (found === undefined) return wanted.optional === true || wanted.devOptional === true;
    return found.version === wanted.version && found.integrity === wanted.integrity;
  });
}

export async function installNpmPackages({ root, log }) {
  if (packagesMatchLock(root)) return;
  await runStep({
    title: 'npm packages',
    why: 'npm ci installs what package-lock.json says (560 MB of it is the ClickHouse engine)',
    commands: [['npm', 'ci', '--no-audit', '--no-fund', '--include=dev', '--include=optional']],
    cwd: root,
    log,
    advice: 'Check that this machine reaches the npm registry (npm config get registry), then run it again',
  });
}

const BPF_TOOLS = ['make', 'clang', 'bpftool', 'gcc'];

/** make knows itself what is out of date. */
export async function buildProbes({ root, log }) {
  if (!existsSync(join(root, 'bpf/Makefile'))) return;
  const missing = BPF_TOOLS.filter((tool) => !hasProgram(tool));
  if (process.platform !== 'linux' || !hasBtf() || missing.length > 0) {
    const why = missing.length > 0 ? `${missing.join(', ')} missing` : 'this kernel shows no BTF';
    say(`Probes: not built (${why})`);
    return;
  }
  // Exit code 0: nothing is out of date.
  if (
    spawnSync('make', ['-q', '-C', join(root, 'bpf'), 'build/bellwether-loader'], { stdio: 'ignore' })
      .status === 0
  )
    return;
  await runStep({
    title: 'Probes and loader',
    why: 'clang compiles the eBPF programs against the BTF of the running kernel',
    commands: [['make', '-C', join(root, 'bpf')]],
    log,
    advice: 'The last lines say which file; `make -C bpf clean` makes it start anew',
  });
}

const SOURCES = ['ingest', 'processors', 'query-api', 'common', 'schema', 'embedded', 'cli', 'test'];
const SINGLE_FILES = ['tsconfig.json', 'package-lock.json', 'tools/build.mjs', 'tools/build-page.mjs'];

function* filesBelow(directory) {
  for (const entry of readdirSync(directory, { withFileTypes: true }).sort((a, b) =>
    a.name < b.name ? -1 : 1,
  )) {
    const path = join(directory, entry.name);
    if (entry.isDirectory()) yield* filesBelow(path);
    else if (entry.isFile()) yield path;
  }
}

/** Changes whenever a source does, also when one appears or goes away. */
export function hashSources(root) {
  const hash = createHash('sha256');
  const add = (path) => hash.update(path).update('\0').update(readFileSync(path)).update('\0');
  for (const directory of SOURCES) {
    if (existsSync(join(root, directory))) for (const path of filesBelow(join(root, directory))) add(path);
  }
  for (const file of SINGLE_FILES) if (existsSync(join(root, file))) add(join(root, file));
  return hash.digest('hex');
}

export async function buildCode({ root, log }) {
  const stamp = join(root, 'dist/.built-from');
  const sources = hashSources(root);
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === sources) return;
  await runStep({
    title: 'TypeScript and page',
    why: 'compiled into dist/',
    commands: [[process.execPath, join(root, 'tools/build.mjs')]],
    cwd: root,
    log,
    advice: 'The last lines say where the source does not compile',
  });
  // So that services run where only dist/ and node_modules/ can be read: they need no file of the clone itself,
  // and what was copied from a clone made under a strict umask is as readable as what was compiled.
  writeFileSync(join(root, 'dist/package.json'), '{ "type": "module" }\n');
  spawnSync('chmod', ['-R', 'a+rX', join(root, 'dist')]);
  writeFileSync(stamp, sources);
}
