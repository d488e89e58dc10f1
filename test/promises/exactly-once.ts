import { randomInt } from 'node:crypto';
import { DIE_POINTS } from '../support/chaos/die-points.js';
import type { Killing } from '../support/chaos/killing.js';
import { runScenario, type Outcome, type Scenario } from './exactly-once/scenario.js';
import type { ProductPromise } from './promise.js';

const POINTS_PER_SECOND = 20_000;

const NONE: Killing = { kills: 0, afterMs: [0, 0] };

/** A kill or two of each within seconds. */
const SHORT: Omit<Scenario, 'seed'> = {
  pointsPerSecond: POINTS_PER_SECOND / 2,
  leastSeconds: 5,
  kills: {
    // Its partitions stand still for some seconds; all else happens meanwhile.
    writer: { kills: 1, afterMs: [0, 1_000] },
    rollup: { kills: 1, afterMs: [0, 3_000] },
    store: { kills: 1, afterMs: [0, 3_000] },
    broker: { kills: 1, afterMs: [0, 1_000] },
    sender: { kills: 1, afterMs: [500, 2_000] },
    agent: { kills: 1, afterMs: [500, 2_000] },
  },
  diePoints: DIE_POINTS.filter(({ table, call }) => table === 'samples' && call === 'renamed'),
  diskMebibytes: undefined,
};

/**
 * A disk that fills, then the store killed between an insert's steps; nobody else, so that each step is come to. At
 * a lesser load: it is about the steps.
 */
const STEPS: Omit<Scenario, 'seed'> = {
  pointsPerSecond: POINTS_PER_SECOND / 4,
  leastSeconds: 30,
  kills: {
    writer: NONE,
    rollup: NONE,
    broker: NONE,
    sender: NONE,
    agent: NONE,
    store: { kills: 0, afterMs: [0, 2_000] },
  },
  diePoints: DIE_POINTS,
  diskMebibytes: 1_024,
};

/** All are killed at random; a writer's partitions stand still after its kill, so that is what takes the time. */
const KILLS: Omit<Scenario, 'seed'> = {
  // More, because nothing is sent while the sender is dead.
  pointsPerSecond: POINTS_PER_SECOND * 1.25,
  leastSeconds: 240,
  kills: {
    writer: { kills: 22, afterMs: [0, 10_000] },
    rollup: { kills: 22, afterMs: [0, 10_000] },
    store: { kills: 22, afterMs: [0, 10_000] },
    broker: { kills: 6, afterMs: [5_000, 40_000] },
    sender: { kills: 6, afterMs: [5_000, 40_000] },
    agent: { kills: 6, afterMs: [5_000, 40_000] },
  },
  diePoints: [],
  diskMebibytes: undefined,
};

/** Whatever is killed, each measurement that the topic took is stored once: raw, minutes and hours. */
const promise: ProductPromise = {
  name: 'exactly-once',
  plannedSeconds: { short: 20, full: 650 },
  needs: 'root',
  async run({ mode, log }) {
    const seed = Number(process.env['SEED'] ?? randomInt(2 ** 31));
    log(`seed ${String(seed)} (SEED=… runs the same again)`);
    if (mode === 'short') {
      const short = await runScenario({ ...SHORT, seed }, log);
      return { holds: short.equal, figure: figureOf(short) };
    }
    const steps = await runScenario({ ...STEPS, seed }, log);
    log(figureOf(steps));
    const kills = await runScenario({ ...KILLS, seed }, log);
    return {
      holds: steps.equal && kills.equal && isComplete(steps, kills),
      figure: `${figureOf(kills)}; then ${figureOf(steps)}; seed ${String(seed)}`,
    };
  },
};

/** Whether all happened that the full form is to show. */
function isComplete(steps: Outcome, { kills, pointsPerSecond }: Outcome): boolean {
  const { writer, rollup, store, broker, sender, agent } = kills;
  return (
    Math.min(writer, rollup, store) >= 20 &&
    Math.min(broker, sender, agent) >= 5 &&
    pointsPerSecond >= POINTS_PER_SECOND &&
    steps.deaths.length >= 10 &&
    steps.fullDisk !== undefined
  );
}

function figureOf(outcome: Outcome): string {
  const killed = Object.entries(outcome.kills)
    .filter(([, count]) => count > 0)
    .map(([name, count]) => `${name} ${String(count)}`)
    .join(', ');
  const { deaths, fullDisk, logged, repeats } = outcome;
  return [
    `${Math.round(outcome.pointsPerSecond).toString()} points/s for ${outcome.seconds.toFixed(0)} s`,
    `killed: ${killed}`,
    ...(deaths.length === 0 ? [] : [`store died at ${String(deaths.length)} steps of an insert`]),
    ...(fullDisk === undefined ? [] : [`its disk full (${fullDisk})`]),
    `${String(logged)} batches taken, ${String(repeats)} sent again: ${rowsOf(outcome)}`,
  ].join(', ');
}

function rowsOf({ comparisons, lostByBroker, deadLetters }: Outcome): string {
  const tables = comparisons.map(({ resolution, expected, missing, double, different, unexpected }) => {
    const wrong = different + unexpected;
    return `${resolution} ${String(expected)} rows, ${String(missing)} missing, ${String(double)} double, ${String(wrong)} wrong`;
  });
  return [...tables, `${String(lostByBroker + deadLetters)} lost elsewhere`].join('; ');
}

export default promise;
