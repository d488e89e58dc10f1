import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { promisify } from 'node:util';
import { z } from 'zod';
import { BellwetherError, messageOf } from '../../common/runtime/errors.js';

const COMMAND_LIMIT_MS = 10_000;
const CHAIN_PATH = '/usr/sbin:/usr/bin:/sbin:/bin';

/** Where ip(8) keeps a named network namespace. */
export function netnsPath(name: string): string {
  return `/run/netns/${name}`;
}

export function netnsExists(name: string): boolean {
  return existsSync(netnsPath(name));
}

/**
 * Runs a command of the system and returns what it printed.
 * @throws BellwetherError `setup_failed` with the command and what it said.
 */
export async function run(program: string, ...parameters: string[]): Promise<string> {
  try {
    const { stdout } = await promisify(execFile)(program, parameters, {
      timeout: COMMAND_LIMIT_MS,
      env: { PATH: CHAIN_PATH },
    });
    return stdout;
  } catch (error) {
    const said = error instanceof Error && 'stderr' in error ? String(error.stderr).trim() : '';
    throw new BellwetherError(
      'setup_failed',
      `${[program, ...parameters].join(' ')}: ${said === '' ? messageOf(error) : said}`,
      { cause: error },
    );
  }
}

/** `ip …` with a command line as people write it; no argument of ours holds a space. */
export async function ip(line: string): Promise<string> {
  return await run('ip', ...line.split(' '));
}

/** Runs a command inside a named network namespace. */
export async function runIn(netns: string, program: string, ...parameters: string[]): Promise<string> {
  return await run('nsenter', `--net=${netnsPath(netns)}`, '--', program, ...parameters);
}

const links = z.array(z.object({ ifname: z.string(), ifalias: z.string().optional() }));

/** The devices of a namespace with their aliases. */
export async function linksIn(netns: string): Promise<z.infer<typeof links>> {
  return links.parse(JSON.parse(await ip(`-n ${netns} -j link show`)));
}

/** A veth pair between two namespaces with an IPv4 address at each end. */
export async function connect(a: VethEnd, b: VethEnd): Promise<void> {
  await ip(`-n ${a.netns} link add ${a.device} type veth peer name ${b.device} netns ${b.netns}`);
  for (const end of [a, b]) {
    await ip(`-n ${end.netns} addr add ${end.address}/24 dev ${end.device}`);
    await ip(`-n ${end.netns} link set ${end.device} up`);
    await ip(`-n ${end.netns} link set lo up`);
  }
}

export interface VethEnd {
  readonly netns: string;
  readonly device: string;
  /** IPv4, in a /24 that both ends share. */
  readonly address: string;
}

/** A namespace without IPv6: neighbour discovery on idle links would show up as drops without a reason. */
export async function addNetns(name: string): Promise<void> {
  await ip(`netns add ${name}`);
  const settings = ['net.ipv6.conf.all.disable_ipv6=1', 'net.ipv6.conf.default.disable_ipv6=1'];
  for (const setting of settings) {
    // A kernel without IPv6 has nothing to switch off.
    await runIn(name, 'sysctl', '-qw', setting).catch(() => undefined);
  }
}

export async function deleteNetns(name: string): Promise<void> {
  await ip(`netns delete ${name}`);
}
