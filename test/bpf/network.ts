/** Network namespaces joined by veth, made for a test and removed by it. */
import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';

/** Runs a command and returns what it printed; its error output goes into the error. */
export function run(command: string, args: readonly string[], input?: string): string {
  return execFileSync(command, args, {
    encoding: 'utf8',
    stdio: ['pipe', 'pipe', 'pipe'],
    ...(input === undefined ? {} : { input }),
  });
}

/** `ip` with the words of one line. */
export function ip(line: string): string {
  return run('ip', line.split(' '));
}

/** Runs a command inside a namespace. */
export function inside(netns: string, command: string, ...args: string[]): string {
  return run('ip', ['netns', 'exec', netns, command, ...args]);
}

/** Loads an nft ruleset inside a namespace. */
export function nft(netns: string, rules: string): void {
  run('ip', ['netns', 'exec', netns, 'nft', '-f', '-'], rules);
}

/** Packets that the named nft counter saw. */
export function nftCounter(netns: string, table: string, counter: string): number {
  const text = inside(netns, 'nft', 'list', 'counter', 'inet', table, counter);
  const packets = /packets (\d+)/.exec(text)?.[1];
  if (packets === undefined) throw new Error(`no packets in: ${text}`);
  return Number(packets);
}

/** Makes a namespace with its loopback up; one of that name from an earlier, killed run goes first. */
export function addNetns(name: string): void {
  if (existsSync(`/run/netns/${name}`)) ip(`netns del ${name}`);
  ip(`netns add ${name}`);
  // Router solicitations, MLD and duplicate-address probes would drop packets of their own.
  inside(name, 'sysctl', '-qw', 'net.ipv6.conf.all.disable_ipv6=1', 'net.ipv6.conf.default.disable_ipv6=1');
  ip(`-n ${name} link set lo up`);
}

/** Joins two namespaces by a veth pair. */
export function join(a: { netns: string; device: string }, b: { netns: string; device: string }): void {
  ip(`-n ${a.netns} link add ${a.device} type veth peer name ${b.device} netns ${b.netns}`);
}

export function address(netns: string, device: string, cidr: string): void {
  ip(`-n ${netns} addr add ${cidr} dev ${device}`);
  ip(`-n ${netns} link set ${device} up`);
}

export function deleteNetns(...names: string[]): void {
  for (const name of names) if (existsSync(`/run/netns/${name}`)) ip(`netns del ${name}`);
}
