/** What can be known about a machine before anything is installed: one sentence each that says what to do. */
import { existsSync, readFileSync, statfsSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { SetupError, say } from './setup-steps.mjs';

const NEEDED_NODE = [20, 19];
/** Packages, jars, compiled code and room for an hour of data. */
const NEEDED_BYTES = 3 * 1024 ** 3;

export const isRoot = () => process.getuid?.() === 0;
export const hasBtf = () => existsSync('/sys/kernel/btf/vmlinux');

export function checkNode() {
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
  if (major > NEEDED_NODE[0] || (major === NEEDED_NODE[0] && minor >= NEEDED_NODE[1])) return;
  throw new SetupError(
    `Node ${process.versions.node} is too old: install Node ${NEEDED_NODE.join('.')} or newer (https://nodejs.org)`,
  );
}

export function checkDisk(directory) {
  const { bavail, bsize } = statfsSync(directory);
  const free = bavail * bsize;
  if (free >= NEEDED_BYTES) return;
  throw new SetupError(
    `Only ${(free / 1024 ** 3).toFixed(1)} GiB are free at ${directory}: free at least 3 GiB, ` +
      'or put the clone (and BELLWETHER_HOME) on another disk',
  );
}

/** Says what this machine cannot do; none of it keeps the rest from running. */
export function sayLimits() {
  if (!isRoot()) {
    say(
      'Not root: no packages are installed and no probes are loaded; a recording takes their place (sudo changes that)',
    );
  } else if (!hasBtf()) {
    say(
      'This kernel has no BTF (/sys/kernel/btf/vmlinux): no probes are loaded; a recording takes their place',
    );
  }
}

/** The one list of default ports is TypeScript, and nothing is compiled yet. */
function defaultPorts(root) {
  const source = readFileSync(join(root, 'common/config/ports.ts'), 'utf8');
  return [...source.matchAll(/^ {2}(\w+): ([\d_]+),$/gm)].map(([, name, port]) => ({
    name,
    variable: `BELLWETHER_${name.replaceAll(/[A-Z]/g, (letter) => `_${letter}`).toUpperCase()}_PORT`,
    port: Number(port.replaceAll('_', '')),
  }));
}

function isFree(host, port) {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(false));
    server.listen({ host, port, exclusive: true }, () => server.close(() => resolve(true)));
  });
}

/** Before minutes of set-up. Not where a stack runs or crashed under this home: the supervisor knows those. */
export async function checkPorts(root, home) {
  if (existsSync(join(home, 'run/stack.json'))) return;
  const host = process.env.BELLWETHER_LISTEN_HOST || '127.0.0.1';
  for (const { name, variable, port } of defaultPorts(root)) {
    const replaced = name.startsWith('kafka')
      ? process.env.KAFKA_BROKERS
      : name === 'store' && process.env.CLICKHOUSE_URL;
    const chosen = Number(process.env[variable] || port);
    if (replaced || (await isFree(host, chosen))) continue;
    throw new SetupError(
      `Port ${chosen} (${name}) is taken: set ${variable} to a free port, or stop what listens there (ss -ltnp shows it)`,
    );
  }
}
