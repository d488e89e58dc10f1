/**
 * `migrations`: a database that the first release made, with rows, is brought to this version whatever dies on
 * the way: the migrating process or the store, killed before, after and within each statement. The next run
 * completes it, the one after applies nothing, and old rows are read as before.
 */
import { MigrationTrial, type Expected, type Kill, type Moment } from '../support/migration-trial.js';
import type { ProductPromise, PromiseContext, PromiseResult } from './promise.js';

/** To the store `after` a statement is `before` the next. */
const MOMENTS: Readonly<Record<Kill['victim'], readonly Moment[]>> = {
  process: ['before', 'within', 'after'],
  store: ['before', 'rename', 'within'],
};
/** Of all kills so many, spread evenly; all in the full form. */
const SHORT_KILLS = { process: 4, store: 3 };

/** Each position of a migration of so many statements. */
function killsOf(victim: Kill['victim'], statements: number): Kill[] {
  return Array.from({ length: statements }, (_, index) =>
    MOMENTS[victim].map((moment) => ({ victim, statement: index + 1, moment })),
  ).flat();
}

function spread<T>(all: readonly T[], count: number): T[] {
  const stride = all.length / count;
  return Array.from({ length: count }, (_, index) => all[Math.floor((index + 0.5) * stride)]).filter(
    (one) => one !== undefined,
  );
}

function planned(expected: Expected, mode: PromiseContext['mode']): Kill[] {
  return (['process', 'store'] as const).flatMap((victim) => {
    const all = killsOf(victim, expected.durations.length);
    return mode === 'full' ? all : spread(all, SHORT_KILLS[victim]);
  });
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
    const kills = planned(expected, mode);
    for (const kill of kills) {
      const { victim, statement, moment } = kill;
      judge(`${victim} killed ${moment} statement ${statement}`, await trial.survive(kill, expected));
    }
    judge('two runs at once', await trial.twoAtOnce(expected));
    judge('an older program', await trial.olderProgram());
    const positions = killsOf('process', expected.durations.length).length;
    const possible = positions + killsOf('store', expected.durations.length).length;
    const figure = `${kills.length} of ${possible} kills in ${expected.durations.length} statements, ${faults.length} not healed`;
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
