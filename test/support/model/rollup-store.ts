import type { Bucket } from '../../../processors/rollup/buckets.js';
import type { RollupStore, Version } from '../../../processors/rollup/store.js';
import type { Life } from './life.js';
import { ask } from './network.js';
import type { Contents } from './rollups.js';
import type { Simulation } from './simulation.js';
import type { SimStore } from './store.js';

/** From the snapshot to the last row of an `INSERT … SELECT` that takes long. */
const LONG_MS = [1_000, 40_000] as const;
/** How long a client waits for it, mostly, and else. */
const PATIENCE_MS = 60_000;
const IMPATIENCE_MS = 3_000;

/** What the rollup asks of the simulated tables. */
export function simRollupStore(sim: Simulation, life: Life, store: SimStore): RollupStore {
  const { rollups } = store;
  const asks = <T>(what: string, act: () => T) => ask(sim, life, store, what, act);
  return {
    minutes: (range) => asks('read minutes', () => rollups.minutes(range)),
    hours: (range) => asks('read hours', () => rollups.hours(range)),
    days: (range) => asks('read days', () => rollups.days(range)),
    async recompute(buckets) {
      // Two statements, each with a snapshot of its own, as for series of deltas and the others.
      for (const isPart of [isFirstPart, (series: string) => !isFirstPart(series)]) {
        const job = await asks('recompute', () => recompute(sim, store, buckets, isPart));
        const impatient = sim.goesWrong(`${life.name} gives up a recompute`, 0.5);
        const untilMs = sim.nowMs + (impatient ? IMPATIENCE_MS : PATIENCE_MS);
        while (job.state === 'running' && sim.nowMs < untilMs) await life.clock.sleep(500);
        if (job.state !== 'done') throw new Error('socket hang up');
      }
    },
    seal: (buckets) => asks('seal', () => seal(sim, store, buckets)),
  };
}

function isFirstPart(series: string): boolean {
  return series.includes('packet.drops');
}

interface Job {
  state: 'running' | 'done' | 'failed';
}

/**
 * Takes its snapshot at once and writes at once or, when it takes long, much later; what is under way when the
 * store is killed may have written a part.
 */
function recompute(
  sim: Simulation,
  store: SimStore,
  buckets: readonly Version[],
  isPart: (series: string) => boolean,
): Job {
  const read = buckets.map((bucket) => ({
    bucket,
    contents: [...store.rollups.read(bucket)].filter(([series]) => isPart(series)),
  }));
  const { run } = store;
  const job: Job = { state: 'running' };
  const write = () => {
    const whole = store.run === run && !sim.goesWrong('store: writes a part of a recompute only', 0.03);
    for (const { bucket, contents } of read)
      writeOne(sim, store, bucket, new Map(whole ? contents : someOf(sim, contents)));
    job.state = whole ? 'done' : 'failed';
  };
  if (sim.goesWrong(`store: recompute of ${buckets.map(describe).join(', ')} takes long`, 0.1)) {
    sim.after(sim.random.between(...LONG_MS), write);
  } else write();
  return job;
}

function writeOne(sim: Simulation, store: SimStore, bucket: Version, contents: Contents): void {
  sim.note(() => `store: ${describe(bucket)} version ${bucket.version}, ${contents.size} series`);
  store.rollups.write(bucket, bucket.version, contents);
}

function someOf<T>(sim: Simulation, all: readonly T[]): T[] {
  return all.slice(0, sim.random.below(all.length + 1));
}

function seal(sim: Simulation, store: SimStore, buckets: readonly Version[]): void {
  const some = sim.goesWrong('store: takes some seals only', 0.03);
  for (const bucket of some ? someOf(sim, buckets) : buckets) {
    sim.note(() => `store: seal ${describe(bucket)} as of ${bucket.version}`);
    store.rollups.seal(bucket, bucket.version);
  }
  if (some) throw new Error('socket hang up');
}

function describe({ resolution, startMs }: Bucket): string {
  return `${resolution} ${new Date(startMs).toISOString().slice(11, 16)}`;
}
