import { Agent } from 'node:http';
import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { connectClickHouse } from '../../common/clickhouse/connection.js';
import {
  CANARY_METRIC,
  INTRUDER,
  OWNER,
  plantCanaries,
  removeCanaries,
  showsCanary,
  type Canaries,
} from '../query-api/wall/canaries.js';
import { send, wallRequests, type WallAnswer, type WallRequest } from '../query-api/wall/requests.js';
import { SkipPromise, type ProductPromise, type PromiseContext, type StackInfo } from './promise.js';

const REQUESTS = { short: 300, full: 1_500 } as const;
/** Requests under way at once: fewer than the API allows one customer. */
const AT_ONCE = 4;
/** Of the requests for the owner's paths, every so many is sent by the owner too. */
const OWNERS_SHARE = 3;

interface Tally {
  requests: number;
  readonly statuses: Map<number, number>;
  leaks: WallRequest[];
  /** Requests that the owner sent as well, and how many of these showed the canary. */
  ownersRequests: number;
  ownersShown: number;
}

/** Nothing that one customer can send shows anything of another customer. */
const tenantWall: ProductPromise = {
  name: 'tenant-wall',
  plannedSeconds: { short: 15, full: 60 },
  needs: 'stack',
  async run(context) {
    if (context.stack === undefined) throw new SkipPromise('no stack runs');
    const stack = context.stack;
    const admin = connectClickHouse({
      url: readFileSync(stack.urlFiles.clickhouseAdmin, 'utf8').trim(),
      application: 'tenant-wall',
    });
    const agent = new Agent({ keepAlive: true, maxSockets: 2 * AT_ONCE });
    try {
      await removeCanaries(admin);
      const canaries = await plantCanaries(admin, Date.now());
      return await attack(context, stack, canaries, agent);
    } finally {
      agent.destroy();
      await removeCanaries(admin);
      await admin.close();
    }
  },
};

export default tenantWall;

async function attack(context: PromiseContext, stack: StackInfo, canaries: Canaries, agent: Agent) {
  const intruder = tokenOf(stack, INTRUDER);
  const owner = tokenOf(stack, OWNER);
  const ask = (request: WallRequest, token: string) => send(stack.urls.api, agent, request, token);
  const hidden = await notShownToOwner(canaries, (request) => ask(request, owner));
  if (hidden.length > 0) {
    return {
      holds: false,
      figure: `the canaries do not show to their owner in ${hidden.join(', ')}: nothing was tested`,
    };
  }
  const tally: Tally = { requests: 0, statuses: new Map(), leaks: [], ownersRequests: 0, ownersShown: 0 };
  const seed = Date.now() % 2 ** 31;
  context.log(`canary ${canaries.marker}, seed ${seed}`);
  const attempts = fc.array(wallRequests(canaries), { minLength: AT_ONCE, maxLength: AT_ONCE });
  for (const requests of fc.sample(attempts, { seed, numRuns: REQUESTS[context.mode] / AT_ONCE })) {
    await Promise.all(requests.map((request) => attempt(request, tally, canaries, ask, { intruder, owner })));
  }
  return judge(tally, context);
}

async function attempt(
  request: WallRequest,
  tally: Tally,
  canaries: Canaries,
  ask: (request: WallRequest, token: string) => Promise<WallAnswer>,
  tokens: { readonly intruder: string; readonly owner: string },
): Promise<void> {
  const answer = await ask(request, tokens.intruder);
  tally.requests += 1;
  tally.statuses.set(answer.status, (tally.statuses.get(answer.status) ?? 0) + 1);
  if (showsCanary(canaries, answer)) tally.leaks.push(request);
  // The same request by the owner: were the wall open, this is what the intruder would have seen.
  if (answer.status !== 403 || !request.path.startsWith(`/v1/customers/${OWNER}/`)) return;
  if (tally.requests % OWNERS_SHARE !== 0) return;
  tally.ownersRequests += 1;
  if (showsCanary(canaries, await ask(request, tokens.owner))) tally.ownersShown += 1;
}

/** The owner's own views that do not show the canary; each has to, or the rest would prove nothing. */
async function notShownToOwner(
  canaries: Canaries,
  ask: (request: WallRequest) => Promise<WallAnswer>,
): Promise<string[]> {
  const views = [
    `latency?${canaries.range}&signal=tcp.rtt`,
    `latency?${canaries.range}&signal=tcp.connect.duration&app=${canaries.marker}`,
    ...['reason', 'place', 'app', 'instance'].map((by) => `drops?${canaries.range}&by=${by}`),
    `events?${canaries.range}&limit=1000`,
    `metrics?${canaries.range}`,
    ...['app', 'instance', 'host', 'series'].map(
      (by) => `metrics/${CANARY_METRIC}?${canaries.range}&by=${by}`,
    ),
  ];
  const hidden: string[] = [];
  for (const view of views) {
    const path = `/v1/customers/${OWNER}/${view}`;
    const answer = await ask({ method: 'GET', path, headers: {}, body: '' });
    if (!showsCanary(canaries, answer)) hidden.push(`${view.slice(0, view.indexOf('?'))} (${answer.status})`);
  }
  return hidden;
}

function judge(tally: Tally, context: PromiseContext) {
  const count = (status: number) => tally.statuses.get(status) ?? 0;
  const broken = [...tally.statuses].filter(([status]) => status >= 500 || status === 429);
  const statuses = [...tally.statuses]
    .sort(([a], [b]) => a - b)
    .map(([status, times]) => `${times} × ${status}`);
  for (const request of tally.leaks.slice(0, 5)) context.log(`LEAK: ${JSON.stringify(request)}`);
  const reached =
    count(200) >= tally.requests / 10 && count(0) <= tally.requests / 10 && tally.ownersShown > 0;
  return {
    holds: tally.leaks.length === 0 && broken.length === 0 && reached,
    figure: `${tally.leaks.length} canaries of ${OWNER} seen in ${tally.requests} requests with ${INTRUDER}'s token (${statuses.join(', ')}); ${tally.ownersShown} of ${tally.ownersRequests} of the same requests with ${OWNER}'s token showed one`,
  };
}

function tokenOf(stack: StackInfo, name: string): string {
  const file = stack.tokens[name];
  if (file === undefined) throw new SkipPromise(`the stack has no token of ${name}: start it with --demo`);
  return readFileSync(file, 'utf8').trim();
}
