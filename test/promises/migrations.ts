/**
 * `migrations`: a database that the first release made, with rows, is brought to this version whatever dies on
 * the way: the migrating process or the store, killed before, after and within each statement. The next run
 * completes it, the one after applies nothing, and old rows are read as before.
 */
import {
  canKillAtRename,
  MigrationTrial,
  type Expected,
  type Kill,
  type Moment,
} from '../support/migration-trial.js';
import type { ProductPromise, PromiseContext, PromiseResult } from './promise.js';

/** To the store `after` a statement is `before` the next. */
const MOMENTS: Readonly<Record<Kill['victim'], readonly Moment[]>> = {
  process: ['before', 'within', 'after'],
  store: ['before', 'rename', 'within'],
};
/** Of all kills so many, spread evenly; all in the full form. */
const SHORT_KILLS = { process: 3, store: 2 };

/** Each position of a migration of so many statements. */
function killsOf(victim: Kill['victim'], statements: number, moments: readonly Moment[]): Kill[] {
  return Array.from({ length: statements }, (_, index) =>
    moments.map((moment) => ({ victim, statement: index + 1, moment })),
  ).flat();
}

function spread<T>(all: readonly T[], count: number): T[] {
  const stride = all.length / count;
  return Array.from({ length: count }, (_, index) => all[Math.floor((index + 0.5) * stride)]).filter(
    (one) => one !== undefined,
  );
}

interface Plan {
  readonly kills: readonly Kill[];
  /** How many there are to choose from. */
  readonly possible: number;
  /** Moments that this machine cannot bring about. */
  readonly without: string;
}

function planOf({ durations }: Expected, mode: PromiseContext['mode']): Plan {
  const traces = canKillAtRename();
  const possible = (['process', 'store'] as const).map((victim) => {
    const moments = MOMENTS[victim].filter((moment) => traces || moment !== 'rename');
    return killsOf(victim, durations.length, moments);
  });
  const [process = [], store = []] = possible;
  const some = [...spread(process, SHORT_KILLS.process), ...spread(store, SHORT_KILLS.store)];
  return {
    kills: mode === 'full' ? possible.flat() : some,
    possible: process.length + store.length,
    without: traces ? '' : ' (none at a rename: strace is not here or may not trace)',
  };
}

async function run({ mode, log }: PromiseContext): Promise<PromiseResult> {
  const trial = await MigrationTrial.start();
  const faults: string[] = [];
  const judge = (what: string, fault: string | undefined) => {
    if (fault === undefined) return;
    faults.push(`${what}: ${fault}`);
    log(faults.at(-1) ?? '');
  };
  try {
    const expected = await trial.straight();
    const { kills, possible, without } = planOf(expected, mode);
    for (const kill of kills) {
      const { victim, statement, moment } = kill;
      judge(`${victim} killed ${moment} statement ${statement}`, await trial.survive(kill, expected));
    }
    judge('two runs at once', await trial.twoAtOnce(expected));
    judge('an older program', await trial.olderProgram());
    const statements = expected.durations.length;
    const figure = `${kills.length} of ${possible} kills${without} in ${statements} statements, ${faults.length} not healed`;
    return { holds: faults.length === 0, figure: [figure, ...faults.slice(0, 3)].join('; ') };
  } finally {
    await trial.stop();
  }
}

export default {
  name: 'migrations',
  plannedSeconds: { short: 20, full: 360 },
  needs: 'nothing',
  run,
} satisfies ProductPromise;
