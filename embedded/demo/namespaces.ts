import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { z } from 'zod';
import { BellwetherError } from '../../common/runtime/errors.js';
import { homePaths } from '../supervisor/home.js';
import { bootId } from '../supervisor/processes.js';
import { isSupervised, readStackFile } from '../supervisor/stack-file.js';
import { addNetns, connect, deleteNetns, ip, linksIn, netnsExists, run, runIn } from './ip.js';
import type { DemoPlan } from './plan.js';

/** Stands on the loopback device of each namespace that we made, followed by the home of the stack. */
const MARK = 'bellwether-demo:';

const state = z.object({ bootId: z.string(), namespaces: z.array(z.string()) });

function namespacesOf(plan: DemoPlan): string[] {
  return [plan.router, ...plan.customers.map(({ netns }) => netns)];
}

/**
 * Makes the demo's namespaces, joined through the router namespace.
 * @param home of the stack: only its own namespaces, and those of stacks that no longer run, are replaced
 * @param stateFile written before anything is made, so that a crash in between leaves nothing unknown
 * @throws BellwetherError `setup_failed` when a namespace of that name is somebody else's.
 */
export async function createDemo(plan: DemoPlan, home: string, stateFile: string): Promise<void> {
  await removeDemo(home, stateFile);
  for (const name of namespacesOf(plan)) {
    if (netnsExists(name)) await removeAbandoned(name);
  }
  writeFileSync(stateFile, JSON.stringify({ bootId: bootId(), namespaces: namespacesOf(plan) }));
  for (const name of namespacesOf(plan)) {
    await addNetns(name);
    await run('ip', '-n', name, 'link', 'set', 'lo', 'alias', `${MARK}${home}`);
  }
  await runIn(plan.router, 'sysctl', '-qw', 'net.ipv4.ip_forward=1');
  for (const customer of plan.customers) {
    await connect(
      { netns: plan.router, device: customer.customer, address: customer.gateway },
      { netns: customer.netns, device: 'eth0', address: customer.address },
    );
    await ip(`-n ${customer.netns} route add default via ${customer.gateway}`);
  }
}

/** Who made a namespace: the home of a stack, '' when it is still bare (made, not yet marked), else undefined. */
async function makerOf(name: string): Promise<string | undefined> {
  const links = await linksIn(name);
  const alias = links.find(({ ifname }) => ifname === 'lo')?.ifalias;
  if (alias?.startsWith(MARK) === true) return alias.slice(MARK.length);
  return alias === undefined && links.length === 1 ? '' : undefined;
}

/** A namespace of the demo of another home is ours to remove only when no stack runs there any more. */
async function removeAbandoned(name: string): Promise<void> {
  const maker = await makerOf(name);
  if (maker === undefined || maker === '') {
    throw new BellwetherError(
      'setup_failed',
      `the network namespace ${name} exists and is not Bellwether's: set BELLWETHER_DEMO_NETNS_PREFIX (say, to bw-) for other names`,
    );
  }
  const stack = readStackFile(homePaths(maker).stackFile);
  if (stack !== undefined && isSupervised(stack)) {
    throw new BellwetherError(
      'setup_failed',
      `the network namespace ${name} belongs to the demo of the stack under ${maker}, which runs: stop that one, or set BELLWETHER_DEMO_NETNS_PREFIX for other names`,
    );
  }
  await deleteNetns(name);
}

/** Removes what this home's demo made, also after a crash. @returns the names of the removed namespaces. */
export async function removeDemo(home: string, stateFile: string): Promise<string[]> {
  if (!existsSync(stateFile)) return [];
  const made = state.safeParse(readJson(stateFile));
  const removed: string[] = [];
  if (made.success && made.data.bootId === bootId()) {
    for (const name of made.data.namespaces) {
      if (!netnsExists(name)) continue;
      const maker = await makerOf(name);
      if (maker !== home && maker !== '') continue;
      await deleteNetns(name);
      removed.push(name);
    }
  }
  rmSync(stateFile, { force: true });
  return removed;
}

function readJson(path: string): unknown {
  try {
    return JSON.parse(readFileSync(path, 'utf8'));
  } catch {
    return undefined;
  }
}
