import { setTimeout as sleep } from 'node:timers/promises';
import type { DiePoint } from '../../support/chaos/die-points.js';
import { createFeed, type Feed } from '../../support/chaos/feed.js';
import { killAtRandom, type Killing } from '../../support/chaos/killing.js';
import { startLine, type Line } from '../../support/chaos/line.js';
import { mountSmallDisk, type SmallDisk } from '../../support/chaos/small-disk.js';
import { createNumbers } from '../../support/fleet/numbers.js';
import { fleetPlan, type FleetPlan } from '../../support/fleet/plan.js';
import { fillOnce } from './full-disk.js';
import { killStore } from './store-killing.js';
import { judge, type Verdict } from './verdict.js';

export type Victim = 'writer' | 'rollup' | 'store' | 'broker' | 'sender' | 'agent';

/** What happens to the line while the load runs. */
export interface Scenario {
  readonly seed: number;
  readonly pointsPerSecond: number;
  /** Least duration of the load; it goes on until all that is planned has happened. */
  readonly leastSeconds: number;
  readonly kills: Readonly<Record<Victim, Killing>>;
  /** The store dies once at each. */
  readonly diePoints: readonly DiePoint[];
  /** Size of the store's file system, which is filled once; undefined: the machine's own, never filled. */
  readonly diskMebibytes: number | undefined;
}

export interface Outcome extends Verdict {
  readonly kills: Readonly<Record<Victim, number>>;
  /** Steps of an insert at which the store died, in words. */
  readonly deaths: readonly string[];
  /** What the writers said while the disk was full; undefined when none was. */
  readonly fullDisk: string | undefined;
  readonly pointsPerSecond: number;
  readonly seconds: number;
}

const HOUR_MS = 3_600_000;
/** The fleet's windows begin so long ago, so that their minutes and hours are over while they are sent. */
const HOURS_BACK = 8;
const HOSTS = 28;

/** Runs the load through the line, lets it all happen, and compares what is stored with what the topic took. */
export async function runScenario(scenario: Scenario, say: (line: string) => void): Promise<Outcome> {
  const startMs = Math.floor(Date.now() / HOUR_MS - HOURS_BACK) * HOUR_MS;
  const plan = fleetPlan.parse({ seed: scenario.seed, hosts: HOSTS, startMs });
  const { diskMebibytes } = scenario;
  const disk = diskMebibytes === undefined ? undefined : await mountSmallDisk(diskMebibytes);
  try {
    const line = await startLine(disk?.directory);
    try {
      say('the line stands');
      return await runOn(line, disk, plan, scenario, say);
    } catch (error) {
      say(`logs are kept in ${line.keep()}`);
      throw error;
    } finally {
      await line.stop();
    }
  } finally {
    await disk?.unmount();
  }
}

async function runOn(
  line: Line,
  disk: SmallDisk | undefined,
  plan: FleetPlan,
  scenario: Scenario,
  say: (line: string) => void,
): Promise<Outcome> {
  const feed = createFeed({
    ...line,
    plan,
    pointsPerSecond: scenario.pointsPerSecond,
    windows: (HOURS_BACK * HOUR_MS) / plan.windowMs,
    numbers: createNumbers(scenario.seed, 0),
  });
  const begin = performance.now();
  const happened = await underLoad(line, disk, feed, scenario, say);
  const seconds = (performance.now() - begin) / 1_000;
  say(`load ends after ${seconds.toFixed(0)} s`);
  for (const { name, ownEnds } of [...line.writers, line.rollup, line.store, line.broker, line.agent, feed]) {
    if (ownEnds > 0) say(`${name} ended by itself ${String(ownEnds)} times`);
  }
  const verdict = await judge(line, plan, feed.acknowledgedFile, say);
  if (!verdict.equal) say(`all is kept in ${line.keep()}`);
  return {
    ...verdict,
    ...happened,
    kills: killsOf(line, feed),
    pointsPerSecond: (verdict.acknowledged * plan.pointsPerBatch) / seconds,
    seconds,
  };
}

/** Starts the senders, lets all happen that is planned, and stops them. */
async function underLoad(
  line: Line,
  disk: SmallDisk | undefined,
  feed: Feed,
  scenario: Scenario,
  say: (line: string) => void,
): Promise<Pick<Outcome, 'fullDisk' | 'deaths'>> {
  try {
    await Promise.all([feed.start(), line.agent.start()]);
    // First, because while others are dead it would take long until an insert meets the full disk.
    const fullDisk = disk === undefined ? undefined : await fillOnce(line, disk, say);
    const storeKilling = { ...scenario.kills.store, points: scenario.diePoints };
    const [deaths] = await Promise.all([
      killStore(line, storeKilling, createNumbers(scenario.seed, 1), say),
      killOthers(line, feed, scenario),
      sleep(scenario.leastSeconds * 1_000),
    ]);
    return { fullDisk, deaths };
  } finally {
    await Promise.all([feed.stop(), line.agent.stop()]);
  }
}

/** All at once, each by a row of moments of its own. */
async function killOthers(line: Line, feed: Feed, { kills, seed }: Scenario): Promise<void> {
  const victims = [
    [line.writers, kills.writer],
    [[line.rollup], kills.rollup],
    [[line.broker], kills.broker],
    [[feed], kills.sender],
    [[line.agent], kills.agent],
  ] as const;
  await Promise.all(
    victims.map(async ([which, killing], stream) => {
      await killAtRandom(which, killing, createNumbers(seed, 10 + stream));
    }),
  );
}

function killsOf(line: Line, feed: Feed): Record<Victim, number> {
  return {
    writer: line.writers.reduce((sum, { kills }) => sum + kills, 0),
    rollup: line.rollup.kills,
    store: line.store.kills,
    broker: line.broker.kills,
    sender: feed.kills,
    agent: line.agent.kills,
  };
}
