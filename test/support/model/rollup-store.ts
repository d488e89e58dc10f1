import type { Bucket } from '../../../processors/rollup/buckets.js';
import type { RollupStore } from '../../../processors/rollup/store.js';
import type { Life } from './life.js';
import { ask } from './network.js';
import type { Contents } from './rollups.js';
import type { Simulation } from './simulation.js';
import type { SimStore } from './store.js';

/** From the snapshot to the last row of an `INSERT … SELECT` that takes long. */
const LONG_MS = [1_000, 40_000] as const;

/** What the rollup asks of the simulated tables. */
export function simRollupStore(sim: Simulation, life: Life, store: SimStore): RollupStore {
  const { rollups } = store;
  const asks = <T>(what: string, act: () => T) => ask(sim, life, store, what, act);
  return {
    minutes: (range) => asks('read minutes', () => rollups.minutes(range)),
    hours: (range) => asks('read hours', () => rollups.hours(range)),
    days: (range) => asks('read days', () => rollups.days(range)),
    async recompute(bucket, version) {
      const job = await asks(`recompute ${bucket.resolution}`, () => recompute(sim, store, bucket, version));
      const patience = sim.goesWrong(`${life.name}: gives up a recompute`, 0.2) ? 3_000 : 60_000;
      const untilMs = sim.nowMs + patience;
      while (job.state === 'running' && sim.nowMs < untilMs) await life.clock.sleep(500);
      if (job.state !== 'done') throw new Error('socket hang up');
    },
    seal: (bucket, version) =>
      asks(`seal ${bucket.resolution}`, () => {
        sim.note(() => `store: seal ${describe(bucket)} as of ${version}`);
        rollups.seal(bucket, version);
      }),
  };
}

interface Job {
  state: 'running' | 'done' | 'failed';
}

/**
 * Takes its snapshot at once and writes at once or, when it takes long, much later; what is under way when the
 * store is killed may have written a part.
 */
function recompute(sim: Simulation, store: SimStore, bucket: Bucket, version: number): Job {
  const contents = store.rollups.read(bucket);
  const { run } = store;
  const job: Job = { state: 'running' };
  const write = () => {
    const whole =
      store.run === run && !sim.goesWrong(`store: writes a part of ${bucket.resolution} only`, 0.03);
    const part = whole ? contents : someOf(sim, contents);
    sim.note(() => `store: ${describe(bucket)} version ${version}, ${part.size} of ${contents.size} series`);
    store.rollups.write(bucket, version, part);
    job.state = whole ? 'done' : 'failed';
  };
  if (sim.goesWrong(`store: ${bucket.resolution} takes long`, 0.05))
    sim.after(sim.random.between(...LONG_MS), write);
  else write();
  return job;
}

function someOf(sim: Simulation, contents: Contents): Contents {
  return new Map([...contents].slice(0, sim.random.below(contents.size + 1)));
}

function describe({ resolution, startMs }: Bucket): string {
  return `${resolution} ${new Date(startMs).toISOString().slice(11, 16)}`;
}
