/**
 * `protocol-model`: the real writer and rollup against a simulated Kafka and store that crash, delay, reorder, lose
 * acknowledgements and wake stale members, in many thousand schedules that a seed decides. None breaks an
 * invariant; and each of the faults that are planted for it is found. A failing seed is printed with what
 * happened; `BELLWETHER_SEED=N npm run promises -- protocol-model` runs it again, with `BELLWETHER_FAULT=NAME`
 * the planted one.
 */
import { minimise } from '../support/model/minimise.js';
import { runOverCores } from '../support/model/many.js';
import { PLANTED_FAULTS, type PlantedFault } from '../support/model/planted-faults.js';
import { runSchedule } from '../support/model/schedule.js';
import type { ProductPromise, PromiseContext, PromiseResult } from './promise.js';

const SCHEDULES = { short: 300, full: 10_000 };
/** On a busy machine the short form ends here, with fewer schedules but not with too few. */
const LIMIT_MS = { short: 8_000, full: 3_600_000 };
const LEAST_SCHEDULES = { short: 50, full: 10_000 };
/** A planted fault must be found within so many. */
const FAULT_SCHEDULES = { short: 100, full: 200 };
/** Traces that are shown; the other seeds are named. */
const SHOWN = 2;

type Log = PromiseContext['log'];

/** Shows how a seed fails, with the disturbances that it takes. */
async function show(seed: number, fault: PlantedFault | undefined, log: Log): Promise<boolean> {
  const options = { seed, plants: fault?.plants };
  const result = await runSchedule(options);
  if (result.violation === undefined) return false;
  const small = await minimise(options, result);
  log(`seed ${seed} breaks: ${result.violation.message}`);
  log(`made smaller from ${result.disturbances} disturbances to what follows:`);
  for (const line of small.trace) log(line);
  return true;
}

async function replay(seed: number, faultName: string | undefined, log: Log): Promise<PromiseResult> {
  const fault = PLANTED_FAULTS.find(({ name }) => name === faultName);
  if (faultName !== undefined && fault === undefined) {
    throw new Error(`BELLWETHER_FAULT is one of: ${PLANTED_FAULTS.map(({ name }) => name).join(', ')}`);
  }
  const fails = await show(seed, fault, log);
  return { holds: !fails, figure: `seed ${seed} ${fails ? 'breaks an invariant' : 'breaks none'}` };
}

/** The first seed that finds the fault; undefined when none does, or when it looks like another one. */
async function find(
  { name, breaks, plants }: PlantedFault,
  limit: number,
  log: Log,
): Promise<number | undefined> {
  for (let seed = 1; seed <= limit; seed += 1) {
    const { violation } = await runSchedule({ seed, plants });
    if (violation === undefined) continue;
    log(`planted: ${name}: seed ${seed}: ${violation.message}`);
    return breaks.includes(violation.invariant) ? seed : undefined;
  }
  log(`planted: ${name}: not found in ${limit} schedules`);
  return undefined;
}

async function run({ mode, log }: PromiseContext): Promise<PromiseResult> {
  const { BELLWETHER_SEED: seed, BELLWETHER_FAULT: fault } = process.env;
  if (seed !== undefined) return replay(Number(seed), fault, log);
  const { schedules, disturbances, failed } = await runOverCores(SCHEDULES[mode], LIMIT_MS[mode]);
  for (const one of failed.slice(0, SHOWN)) await show(one, undefined, log);
  if (failed.length > 0) log(`failing seeds: ${failed.join(' ')}`);
  let found = 0;
  for (const planted of PLANTED_FAULTS) {
    if ((await find(planted, FAULT_SCHEDULES[mode], log)) !== undefined) found += 1;
  }
  return {
    holds: schedules >= LEAST_SCHEDULES[mode] && failed.length === 0 && found === PLANTED_FAULTS.length,
    figure:
      `${schedules} schedules with ${disturbances} disturbances, ${failed.length} violations;` +
      ` ${found} of ${PLANTED_FAULTS.length} planted faults found`,
  };
}

export default {
  name: 'protocol-model',
  plannedSeconds: { short: 20, full: 600 },
  needs: 'nothing',
  run,
} satisfies ProductPromise;
