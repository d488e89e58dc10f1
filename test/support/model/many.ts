import { availableParallelism } from 'node:os';
import { Worker } from 'node:worker_threads';
import { runSchedule } from './schedule.js';

/** Every `step`th seed, from `from` up to and including `to`. */
export interface Share {
  readonly from: number;
  readonly to: number;
  readonly step: number;
  /** No schedule begins after so long. */
  readonly limitMs: number;
}

export interface Outcome {
  readonly schedules: number;
  readonly disturbances: number;
  /** Seeds whose schedules break an invariant. */
  readonly failed: readonly number[];
}

const MOST_THREADS = 4;
/** Schedules make much garbage that is dead at once: with more room for it they take a third less. */
const YOUNG_GENERATION_MB = 64;

export async function runSchedules({ from, to, step, limitMs }: Share): Promise<Outcome> {
  let schedules = 0;
  let disturbances = 0;
  const failed: number[] = [];
  const endMs = performance.now() + limitMs;
  for (let seed = from; seed <= to && performance.now() < endMs; seed += step) {
    const result = await runSchedule({ seed });
    schedules += 1;
    disturbances += result.disturbances;
    if (result.violation !== undefined) failed.push(seed);
  }
  return { schedules, disturbances, failed };
}

/** Seeds 1 to `count`, over all cores; fewer when the time does not suffice. */
export async function runOverCores(count: number, limitMs: number): Promise<Outcome> {
  const step = Math.min(availableParallelism(), MOST_THREADS);
  const shares = Array.from({ length: step }, (_, index): Share => ({
    from: index + 1,
    to: count,
    step,
    limitMs,
  }));
  const outcomes = await Promise.all(shares.map(inThread));
  return {
    schedules: outcomes.reduce((sum, { schedules }) => sum + schedules, 0),
    disturbances: outcomes.reduce((sum, { disturbances }) => sum + disturbances, 0),
    failed: outcomes.flatMap(({ failed }) => failed).sort((a, b) => a - b),
  };
}

function inThread(share: Share): Promise<Outcome> {
  return new Promise((resolve, reject) => {
    const worker = new Worker(new URL('./worker.js', import.meta.url), {
      workerData: share,
      resourceLimits: { maxYoungGenerationSizeMb: YOUNG_GENERATION_MB },
    });
    worker.once('message', resolve);
    worker.once('error', reject);
    worker.once('exit', () => reject(new Error('a thread of schedules ended without an outcome')));
  });
}
