import { randomBytes } from 'node:crypto';
import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import { sendAgainstFirewall, sendDatagrams } from '../../embedded/demo/faults.js';
import { addNetns, connect, deleteNetns, netnsExists, run } from '../../embedded/demo/ip.js';
import { homePaths } from '../../embedded/supervisor/home.js';
import { readStackFile } from '../../embedded/supervisor/stack-file.js';
import { CODE } from '../support/paths.js';
import { SkipPromise, type ProductPromise, type PromiseContext, type StackInfo } from './promise.js';

const TO_CLOSED_PORT = 50;
const AGAINST_FIREWALL = 70;
const CLOSED_PORT = 4_444;
const FIREWALLED_PORT = 5_555;
/** From the last packet to the right answer. */
const ANSWER_LIMIT_MS = 15_000;
/** Until the agent has reported the first window under the new rules. */
const KNOWN_LIMIT_MS = 30_000;
const RESTART_LIMIT_MS = 45_000;
const POLL_MS = 250;

const RECEIVER = '10.91.7.2';
const SENDER = '10.91.7.1';

const drops = z.object({
  freshness: z.string().nullable(),
  groups: z.array(
    z.object({
      reason: z.string(),
      cause: z.string(),
      fault: z.string(),
      packets: z.number().nullable(),
    }),
  ),
});
type Drops = z.infer<typeof drops>;

const madeToken = z.object({ id: z.string(), token: z.string() });

/** A customer of the test's own: a namespace, an owners' rule and a token. */
interface Subject {
  readonly customer: string;
  readonly netns: string;
  readonly token: string;
  readonly tokenId: string;
}

async function cli(stack: StackInfo, ...parameters: string[]): Promise<string> {
  const main = join(CODE, 'cli/main.js');
  return await run('env', `BELLWETHER_HOME=${stack.home}`, process.execPath, main, ...parameters);
}

async function makeSubject(stack: StackInfo, customer: string): Promise<Subject> {
  await addNetns(customer);
  const { id, token } = madeToken.parse(
    JSON.parse(await cli(stack, 'token', 'create', '--customer', customer, '--json')),
  );
  return { customer, netns: customer, token, tokenId: id };
}

/** What the API tells this customer of its own drops since a time. */
async function readDrops(stack: StackInfo, subject: Subject, from: string): Promise<Drops | undefined> {
  const url = `${stack.urls.api}/v1/customers/${subject.customer}/drops?from=${from}&to=now&step=60s&by=reason`;
  const answer = await fetch(url, {
    headers: { authorization: `Bearer ${subject.token}` },
    signal: AbortSignal.timeout(5_000),
  });
  // A new token is in effect within 2 s.
  if (answer.status === 401) return undefined;
  if (!answer.ok) throw new Error(`${url} answers ${String(answer.status)}: ${await answer.text()}`);
  return drops.parse(await answer.json());
}

/** Waits until the host has reported a window, later than `after`, in which it knew this customer. */
async function waitUntilKnown(stack: StackInfo, subject: Subject, after: number): Promise<void> {
  const deadline = Date.now() + KNOWN_LIMIT_MS;
  const from = new Date(after).toISOString();
  while (Date.now() < deadline) {
    const { freshness } = (await readDrops(stack, subject, from)) ?? { freshness: null };
    if (freshness !== null && Date.parse(freshness) > after) return;
    await sleep(POLL_MS);
  }
  throw new Error(`no window that knows ${subject.customer} within ${String(KNOWN_LIMIT_MS / 1000)} s`);
}

/** Packets under a reason whose cause and fault are right; a wrong word is an error, not a 0. */
function packetsOf(answer: Drops, reason: string, cause: string): number {
  const group = answer.groups.find((candidate) => candidate.reason === reason);
  if (group === undefined) return 0;
  if (group.cause !== cause || group.fault !== 'customer') {
    throw new Error(`${reason} is told as cause ${group.cause}, fault ${group.fault}`);
  }
  return group.packets ?? 0;
}

const total = (answer: Drops) => answer.groups.reduce((sum, { packets }) => sum + (packets ?? 0), 0);

interface Seen {
  readonly noSocket: number;
  readonly filtered: number;
  readonly others: number;
  readonly seconds: number;
}

/**
 * Asks until the answer is complete up to the last packet and holds what is expected, at most for 15 s.
 * The numbers are those of the last answer, whatever they are.
 */
async function waitForAnswer(
  stack: StackInfo,
  [victim, other]: readonly [Subject, Subject],
  from: string,
  round: number,
): Promise<Seen> {
  const lastPacket = Date.now();
  for (;;) {
    const [mine, theirs] = await Promise.all([readDrops(stack, victim, from), readDrops(stack, other, from)]);
    if (mine === undefined || theirs === undefined) throw new Error('a token stopped to be valid');
    const seen = {
      noSocket: packetsOf(mine, 'NO_SOCKET', 'no_listener'),
      filtered: packetsOf(mine, 'NETFILTER_DROP', 'policy'),
      others: total(theirs),
      seconds: (Date.now() - lastPacket) / 1000,
    };
    const complete = [mine, theirs].every(
      ({ freshness }) => freshness !== null && Date.parse(freshness) >= lastPacket,
    );
    const right = seen.noSocket === TO_CLOSED_PORT * round && seen.filtered === AGAINST_FIREWALL * round;
    if ((complete && right) || Date.now() - lastPacket > ANSWER_LIMIT_MS) return seen;
    await sleep(POLL_MS);
  }
}

/** SIGTERM to the agent, as anybody could; waits until the supervisor has it back. */
async function restartAgent(stack: StackInfo): Promise<void> {
  const agentNow = () =>
    readStackFile(homePaths(stack.home).stackFile)?.parts.find(({ name }) => name === 'agent');
  const before = agentNow();
  if (before === undefined) throw new Error('the stack lists no agent');
  process.kill(before.pid, 'SIGTERM');
  const deadline = Date.now() + RESTART_LIMIT_MS;
  while (Date.now() < deadline) {
    const now = agentNow();
    if (now !== undefined && now.pid !== before.pid && now.state === 'ready') return;
    await sleep(POLL_MS);
  }
  throw new Error(`the agent was not back within ${String(RESTART_LIMIT_MS / 1000)} s`);
}

async function rounds(context: PromiseContext, stack: StackInfo, subjects: readonly [Subject, Subject]) {
  const [victim, other] = subjects;
  const begin = Date.now();
  const from = new Date(begin).toISOString();
  const count = context.mode === 'full' ? 3 : 1;
  let byNft = 0;
  const seen: Seen[] = [];
  for (let round = 1; round <= count; round += 1) {
    if (round > 1) await restartAgent(stack);
    const known = Date.now();
    await Promise.all(subjects.map((subject) => waitUntilKnown(stack, subject, known)));
    const flow = { from: other.netns, to: victim.netns, address: RECEIVER };
    await sendDatagrams({ ...flow, port: CLOSED_PORT, count: TO_CLOSED_PORT });
    byNft += await sendAgainstFirewall({ ...flow, port: FIREWALLED_PORT, count: AGAINST_FIREWALL });
    const answer = await waitForAnswer(stack, subjects, from, round);
    seen.push(answer);
    context.log(
      `round ${String(round)}: NO_SOCKET ${String(answer.noSocket)}, NETFILTER_DROP ${String(answer.filtered)}` +
        ` (nft ${String(byNft)}), other customer ${String(answer.others)}, after ${answer.seconds.toFixed(1)} s`,
    );
  }
  return { seen, byNft };
}

/** Removes all that was made; one failure does not keep the rest from being removed. */
async function cleanUp(stack: StackInfo, ownersFile: string, subjects: readonly Subject[], names: string[]) {
  rmSync(ownersFile, { force: true });
  for (const { tokenId } of subjects) await cli(stack, 'token', 'revoke', tokenId).catch(() => undefined);
  for (const name of names) if (netnsExists(name)) await deleteNetns(name).catch(() => undefined);
}

const promise: ProductPromise = {
  name: 'exact-drops',
  plannedSeconds: { short: 20, full: 75 },
  needs: 'stack',
  async run(context) {
    const { stack } = context;
    if (stack === undefined) throw new SkipPromise('needs a running stack');
    if (stack.source !== 'kernel') throw new SkipPromise("the stack does not watch this machine's kernel");
    const id = randomBytes(3).toString('hex');
    const names = [`ed-${id}-victim`, `ed-${id}-other`];
    const ownersFile = join(homePaths(stack.home).owners, `ed-${id}.json`);
    const made: Subject[] = [];
    try {
      for (const name of names) made.push(await makeSubject(stack, name));
      const [victim, other] = made;
      if (victim === undefined || other === undefined) throw new Error('the subjects were not made');
      await connect(
        { netns: other.netns, device: 'eth0', address: SENDER },
        { netns: victim.netns, device: 'eth0', address: RECEIVER },
      );
      const rules = made.map(({ netns, customer }) => ({ netns, customer, app: 'test', instance: 'test-1' }));
      writeFileSync(ownersFile, JSON.stringify({ rules }));
      const { seen, byNft } = await rounds(context, stack, [victim, other]);
      const last = seen.at(-1);
      const slowest = Math.max(...seen.map(({ seconds }) => seconds));
      const count = seen.length;
      const holds =
        last !== undefined &&
        byNft === AGAINST_FIREWALL * count &&
        seen.every(
          ({ noSocket, filtered, others }, index) =>
            noSocket === TO_CLOSED_PORT * (index + 1) &&
            filtered === AGAINST_FIREWALL * (index + 1) &&
            others === 0,
        ) &&
        slowest <= ANSWER_LIMIT_MS / 1000;
      const figure =
        `${String(count)} times 50 and 70 packets: NO_SOCKET ${String(last?.noSocket)} of ${String(TO_CLOSED_PORT * count)},` +
        ` NETFILTER_DROP ${String(last?.filtered)} of ${String(AGAINST_FIREWALL * count)} (nft ${String(byNft)}),` +
        ` other customer ${String(last?.others)}, answered after ${slowest.toFixed(1)} s at most`;
      return { holds, figure };
    } finally {
      await cleanUp(stack, ownersFile, made, names);
    }
  },
};

export default promise;
