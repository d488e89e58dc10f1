import { randomInt, randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { startPipeline, type Pipeline } from '../processors/writer/pipeline.js';
import { judgeFleet, verdictText } from '../support/fleet/judge.js';
import { fleetPlan } from '../support/fleet/plan.js';
import { startSender } from '../support/fleet/start-sender.js';
import { untilReady, type Part } from '../support/part.js';
import { freePort } from '../support/ports.js';
import { StoredProgress } from '../support/stored-progress.js';
import { until } from '../support/until.js';
import type { ProductPromise, PromiseContext, PromiseResult } from './promise.js';

const POINTS_PER_SECOND = 20_000;
const HOSTS = 28;
const HOUR_MS = 3_600_000;
const HOURS_BACK = 8;
const PARTITIONS = 3;
/** What is promised: a partition stands still no longer, whatever happens to a writer. */
const LONGEST_PAUSE_MS = 10_000;
const SETTLE_MS = 2_000;
const JOIN_LIMIT_MS = 30_000;
/** How the second writer goes, one after the other. */
const LEAVES = {
  short: ['SIGKILL'],
  full: ['SIGTERM', 'SIGKILL', 'SIGTERM', 'SIGKILL', 'SIGKILL', 'SIGTERM', 'SIGKILL', 'SIGTERM'],
} as const;

type Happening = 'join' | 'SIGTERM' | 'SIGKILL';

/** A second writer comes and goes under load: none lost, none double, and no long pause. */
const promise: ProductPromise = {
  name: 'rebalance',
  plannedSeconds: { short: 20, full: 180 },
  needs: 'nothing',
  async run(context) {
    const pipeline = await startPipeline();
    const directory = await mkdtemp(join(tmpdir(), 'bellwether-rebalance-'));
    try {
      return await comeAndGo(pipeline, directory, context);
    } finally {
      await pipeline.stop();
      await rm(directory, { recursive: true, force: true });
    }
  },
};

async function comeAndGo(
  pipeline: Pipeline,
  directory: string,
  { mode, log }: PromiseContext,
): Promise<PromiseResult> {
  const { brokers } = pipeline.broker;
  const schema = pipeline.run('schema/main.js', 'schema');
  if ((await schema.exited) !== 0) throw new Error(schema.output());
  const steady = await startWriter(pipeline, 'writer-steady');
  const startMs = Math.floor(Date.now() / HOUR_MS - HOURS_BACK) * HOUR_MS;
  const plan = fleetPlan.parse({ seed: randomInt(2 ** 31), hosts: HOSTS, startMs });
  const acknowledgedFile = join(directory, 'acknowledged.txt');
  const sender = startSender({
    brokers: [...brokers],
    plan,
    run: randomUUID(),
    to: (HOSTS * HOURS_BACK * HOUR_MS) / plan.windowMs,
    pace: { kind: 'rate', pointsPerSecond: POINTS_PER_SECOND },
    acknowledgedFile,
  });
  const progress = new StoredProgress(pipeline.client);
  progress.start();
  const begin = performance.now();
  const longest = new Map<Happening, number>();
  try {
    await until('all partitions are stored', () => progress.partitions === PARTITIONS, JOIN_LIMIT_MS);
    for (const [turn, signal] of LEAVES[mode].entries()) {
      const joins = performance.now();
      const second = await startWriter(pipeline, `writer-${String(turn)}`);
      await settle(progress, joins, 'join', longest, log);
      const leaves = performance.now();
      await second.end(signal);
      await settle(progress, leaves, signal, longest, log);
    }
  } finally {
    await progress.stop();
    await sender.end('SIGTERM');
  }
  const seconds = (performance.now() - begin) / 1_000;
  if (steady.child.exitCode !== null) throw new Error(`the steady writer ended: ${steady.output()}`);
  const verdict = await judgeFleet({ brokers, client: pipeline.client }, plan, acknowledgedFile, log);
  const worst = Math.max(...longest.values());
  const pauses = [...longest].map(([what, ms]) => `${what} ${(ms / 1_000).toFixed(1)} s`).join(', ');
  const rate = Math.round((verdict.logged * plan.pointsPerBatch) / seconds);
  return {
    holds: verdict.equal && worst <= LONGEST_PAUSE_MS,
    figure: `${String(LEAVES[mode].length)} joins and leaves at ${String(rate)} points/s; longest pause of a partition: ${pauses}; ${verdictText(verdict)}`,
  };
}

async function startWriter(pipeline: Pipeline, name: string): Promise<Part> {
  const port = await freePort();
  const writer = pipeline.run('processors/writer/main.js', name, { BELLWETHER_WRITER_PORT: String(port) });
  await untilReady(writer, `http://127.0.0.1:${String(port)}/readyz`);
  return writer;
}

/** Waits until each partition has moved after what happened, and notes the longest pause since. */
async function settle(
  progress: StoredProgress,
  sinceMs: number,
  what: Happening,
  longest: Map<Happening, number>,
  log: (line: string) => void,
): Promise<void> {
  const hasMoved = () => progress.movedSince(performance.now() - SETTLE_MS / 2) === PARTITIONS;
  await sleep(SETTLE_MS);
  await until(`each partition moves after ${what}`, hasMoved, 60_000);
  const { ms, partition } = progress.longest(sinceMs);
  longest.set(what, Math.max(longest.get(what) ?? 0, ms));
  log(`${what}: partition ${String(partition)} stood still for ${(ms / 1_000).toFixed(1)} s`);
}

export default promise;
