/** System packages: which of the needed ones are missing, and apt for those. */
import { spawnSync } from 'node:child_process';
import { accessSync, constants, existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { isRoot } from './setup-checks.mjs';
import { runStep, say } from './setup-steps.mjs';

const NEEDED_JAVA = 17;

export function hasProgram(name) {
  const directories = [...(process.env.PATH ?? '').split(delimiter), '/usr/sbin', '/sbin'];
  return directories.some((directory) => {
    try {
      accessSync(join(directory, name), constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}

const hasHeader = (path) => existsSync(`/usr/include/${path}`) || existsSync(`/usr/local/include/${path}`);

function hasJava() {
  const program = process.env.JAVA_HOME ? join(process.env.JAVA_HOME, 'bin/java') : 'java';
  const { stderr } = spawnSync(program, ['-version'], { encoding: 'utf8' });
  return Number(/version "(\d+)/.exec(stderr ?? '')?.[1] ?? 0) >= NEEDED_JAVA;
}

/** Debian's package names, and how to tell on any system that the package's content is there. */
const PACKAGES = [
  { name: 'clang', present: () => hasProgram('clang') },
  { name: 'llvm', present: () => hasProgram('llvm-strip') },
  { name: 'libbpf-dev', present: () => hasHeader('bpf/libbpf.h') },
  { name: 'bpftool', present: () => hasProgram('bpftool') },
  { name: 'libelf-dev', present: () => hasHeader('libelf.h') },
  { name: 'zlib1g-dev', present: () => hasHeader('zlib.h') },
  { name: 'make', present: () => hasProgram('make') },
  { name: 'gcc', present: () => hasProgram('gcc') },
  { name: 'libc6-dev', present: () => hasHeader('stdio.h') },
  { name: 'nftables', present: () => hasProgram('nft') },
  { name: 'iproute2', present: () => hasProgram('ip') },
  { name: 'util-linux', present: () => hasProgram('setpriv') && hasProgram('nsenter') },
  { name: 'procps', present: () => hasProgram('sysctl') },
  { name: 'default-jre-headless', present: hasJava, unless: 'KAFKA_BROKERS' },
  { name: 'maven', present: () => hasProgram('mvn'), unless: 'KAFKA_BROKERS' },
];
const TEST_PACKAGES = [
  { name: 'chromium', present: () => ['chromium', 'chromium-browser', 'google-chrome'].some(hasProgram) },
  { name: 'iperf3', present: () => hasProgram('iperf3') },
  { name: 'clang-format', present: () => hasProgram('clang-format') },
];

/** Installs what is missing, or says what is missing where it may not. */
export async function installPackages({ forTests, log }) {
  const needed = forTests ? [...PACKAGES, ...TEST_PACKAGES] : PACKAGES;
  const missing = needed
    .filter(({ present, unless }) => !(unless && process.env[unless]) && !present())
    .map(({ name }) => name);
  if (missing.length === 0) return;
  if (!isRoot() || !hasProgram('apt-get')) {
    const why = isRoot() ? 'there is no apt-get here' : 'only root may install them';
    say(`Missing, and ${why}: ${missing.join(' ')}. What needs them is left out; install them to have it`);
    return;
  }
  await runStep({
    title: 'System packages',
    why: `apt installs what is missing: ${missing.join(' ')}`,
    commands: [
      ['apt-get', '-o', 'DPkg::Lock::Timeout=120', 'update'],
      ['apt-get', '-o', 'DPkg::Lock::Timeout=120', 'install', '-y', '--no-install-recommends', ...missing],
    ],
    environment: { DEBIAN_FRONTEND: 'noninteractive' },
    log,
    advice: `Check the network and /etc/apt/sources.list, or install by hand: apt-get install ${missing.join(' ')}`,
  });
}
