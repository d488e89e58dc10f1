import { spawnSync } from 'node:child_process';
import { accessSync, constants, existsSync, realpathSync, statfsSync } from 'node:fs';
import { createServer } from 'node:net';
import { delimiter, dirname, join } from 'node:path';
import { BellwetherError } from '../../common/runtime/errors.js';

export function isRoot(): boolean {
  return process.getuid?.() === 0;
}

const CHECK_LIMIT_MS = 20_000;

/** Undefined when the kernel can be watched from here, otherwise why not, mostly in the loader's own words. */
export function whyNoProbes(loader: string): string | undefined {
  if (process.platform !== 'linux') return `the probes are eBPF programs and this is ${process.platform}`;
  if (!isRoot()) return 'loading probes needs root (run it with sudo to watch this machine)';
  if (!existsSync(loader)) return `the loader is not built (make -C bpf makes ${loader})`;
  const { status, stderr, error } = spawnSync(loader, ['--check'], {
    encoding: 'utf8',
    timeout: CHECK_LIMIT_MS,
  });
  if (status === 0) return undefined;
  const said =
    stderr
      .trim()
      .split('\n')
      .at(-1)
      ?.replace(/^bellwether-loader: \w+: /, '') ?? '';
  return said === '' ? `${loader} --check fails: ${error?.message ?? String(status)}` : said;
}

/** Full path of a program by PATH; undefined when there is none. */
export function findProgram(name: string, path = process.env['PATH'] ?? ''): string | undefined {
  const directories = name.includes('/') ? [''] : [...path.split(delimiter), '/usr/sbin', '/sbin'];
  for (const directory of directories) {
    const candidate = directory === '' ? name : join(directory, name);
    try {
      accessSync(candidate, constants.X_OK);
      return realpathSync(candidate);
    } catch {
      continue;
    }
  }
  return undefined;
}

/**
 * The installation that a program `PREFIX/bin/NAME` belongs to, because it needs the libraries beside it.
 * Empty for one of the system's: nothing hides /usr.
 */
export function installationOf(program: string): string[] {
  const installation = dirname(dirname(realpathSync(program)));
  return installation === '/' || installation.startsWith('/usr') ? [] : [installation];
}

function isFree(host: string, port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(false));
    server.listen({ host, port, exclusive: true }, () => server.close(() => resolve(true)));
  });
}

/** `kafkaController` → `BELLWETHER_KAFKA_CONTROLLER_PORT`. */
export function portVariable(name: string): string {
  return `BELLWETHER_${name.replaceAll(/[A-Z]/g, (letter) => `_${letter}`).toUpperCase()}_PORT`;
}

/** @throws BellwetherError `setup_failed` that names the port and the variable that moves it. */
export async function checkPorts(host: string, ports: Readonly<Record<string, number>>): Promise<void> {
  const taken: string[] = [];
  for (const [name, port] of Object.entries(ports)) {
    if (!(await isFree(host, port))) {
      taken.push(`port ${String(port)} (${name}) is taken: set ${portVariable(name)} to a free one`);
    }
  }
  if (taken.length === 0) return;
  const who = 'or stop what listens there (ss -ltnp shows it)';
  throw new BellwetherError('setup_failed', `${taken.join('; ')}, ${who}`);
}

const NEEDED_BYTES = 1024 ** 3;

/** @throws BellwetherError `setup_failed` when less than 1 GiB is free where the data goes. */
export function checkDisk(directory: string): void {
  const { bavail, bsize } = statfsSync(directory);
  const free = bavail * bsize;
  if (free >= NEEDED_BYTES) return;
  const mebibytes = String(Math.floor(free / 1024 ** 2));
  throw new BellwetherError(
    'setup_failed',
    `only ${mebibytes} MiB are free at ${directory}: free at least 1 GiB, or set BELLWETHER_HOME to another disk`,
  );
}
