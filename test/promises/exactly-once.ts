import { randomInt } from 'node:crypto';
import { DIE_POINTS } from '../support/chaos/die-points.js';
import { runScenario, type Outcome, type Scenario } from './exactly-once/scenario.js';
import type { ProductPromise } from './promise.js';

const POINTS_PER_SECOND = 20_000;

/** A kill or two of each within seconds. */
const SHORT: Omit<Scenario, 'seed'> = {
  pointsPerSecond: POINTS_PER_SECOND / 2,
  leastSeconds: 5,
  kills: {
    // Its partitions stand still for up to 10 s; all else happens meanwhile.
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

/** The same on a disk that fills first. */
const FULL_DISK: Omit<Scenario, 'seed'> = {
  ...SHORT,
  pointsPerSecond: POINTS_PER_SECOND,
  leastSeconds: 20,
  diskMebibytes: 512,
};

/** A writer's partitions stand still for up to 10 s after its kill, so its kills are what takes the time. */
const LONG: Omit<Scenario, 'seed'> = {
  pointsPerSecond: POINTS_PER_SECOND,
  leastSeconds: 300,
  kills: {
    writer: { kills: 22, afterMs: [0, 12_000] },
    rollup: { kills: 22, afterMs: [0, 12_000] },
    store: { kills: 24, afterMs: [0, 10_000] },
    broker: { kills: 6, afterMs: [5_000, 60_000] },
    sender: { kills: 6, afterMs: [5_000, 60_000] },
    agent: { kills: 6, afterMs: [5_000, 60_000] },
  },
  diePoints: DIE_POINTS,
  diskMebibytes: undefined,
};

/** Whatever is killed, each measurement that the topic took is stored once: raw, minutes and hours. */
const promise: ProductPromise = {
  name: 'exactly-once',
  plannedSeconds: { short: 25, full: 900 },
  needs: 'root',
  async run({ mode, log }) {
    const seed = Number(process.env['SEED'] ?? randomInt(2 ** 31));
    log(`seed ${String(seed)} (SEED=… runs the same again)`);
    if (mode === 'short') {
      const short = await runScenario({ ...SHORT, seed }, log);
      return { holds: short.equal, figure: figureOf(short) };
    }
    const fullDisk = await runScenario({ ...FULL_DISK, seed }, log);
    const long = await runScenario({ ...LONG, seed }, log);
    const figure = `${figureOf(long)}; on a disk that was full (${fullDisk.fullDisk ?? ''}): ${rowsOf(fullDisk)}; seed ${String(seed)}`;
    return { holds: fullDisk.equal && long.equal && isComplete(long), figure };
  },
};

/** Whether all happened that the full form is to show. */
function isComplete({ kills, deaths, pointsPerSecond }: Outcome): boolean {
  const { writer, rollup, store, broker, sender, agent } = kills;
  return (
    Math.min(writer, rollup, store) >= 20 &&
    Math.min(broker, sender, agent) >= 5 &&
    deaths.length >= 10 &&
    pointsPerSecond > 0
  );
}

function figureOf(outcome: Outcome): string {
  const killed = Object.entries(outcome.kills)
    .map(([name, count]) => `${name} ${String(count)}`)
    .join(', ');
  return (
    `${Math.round(outcome.pointsPerSecond).toString()} points/s for ${outcome.seconds.toFixed(0)} s, killed: ${killed},` +
    ` store at ${String(outcome.deaths.length)} steps of an insert; ${String(outcome.logged)} batches taken,` +
    ` ${String(outcome.repeats)} sent again; ${rowsOf(outcome)}`
  );
}

function rowsOf({ comparisons, lostByBroker, deadLetters }: Outcome): string {
  const tables = comparisons.map(({ resolution, expected, missing, double, different, unexpected }) => {
    const wrong = different + unexpected;
    return `${resolution} ${String(expected)} rows, ${String(missing)} missing, ${String(double)} double, ${String(wrong)} wrong`;
  });
  return [...tables, `${String(lostByBroker + deadLetters)} lost elsewhere`].join('; ');
}

export default promise;
