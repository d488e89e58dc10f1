import { randomInt } from 'node:crypto';
import { runPoison, type PoisonOutcome } from '../support/poison/run-poison.js';
import { isEqual } from '../support/fleet/compare.js';
import type { ProductPromise } from './promise.js';

const ROUNDS = { short: 1, full: 12 } as const;

/** Whatever stands on the topics, its neighbours are stored once, and it is kept until it can be taken. */
const promise: ProductPromise = {
  name: 'poison',
  plannedSeconds: { short: 20, full: 120 },
  needs: 'nothing',
  async run({ mode, log }) {
    const seed = Number(process.env['SEED'] ?? randomInt(2 ** 31));
    log(`seed ${String(seed)} (SEED=… runs the same again)`);
    const outcome = await runPoison(ROUNDS[mode], seed, log);
    return { holds: holds(outcome), figure: figureOf(outcome) };
  },
};

function holds(outcome: PoisonOutcome): boolean {
  const { poisons, kept, neighbours, consumerStops, fixed, afterReplay, afterSecondReplay } = outcome;
  return (
    poisons > 0 &&
    kept === poisons &&
    fixed > 0 &&
    consumerStops === 0 &&
    [neighbours, afterReplay, afterSecondReplay].every(
      ({ samples, eventsMissing, eventsDouble }) =>
        samples.expected > 0 && isEqual(samples) && eventsMissing === 0 && eventsDouble === 0,
    )
  );
}

function figureOf(outcome: PoisonOutcome): string {
  const { poisons, kept, neighbours, consumerStops, fixed, afterReplay, afterSecondReplay } = outcome;
  const { samples, events, eventsMissing, eventsDouble } = neighbours;
  const rowsOf = ({ samples: rows }: PoisonOutcome['neighbours']) =>
    `${String(rows.expected)} rows, ${String(rows.missing)} missing, ${String(rows.double)} double`;
  return (
    `${String(kept)} of ${String(poisons)} poisons dead-lettered with reason and bytes;` +
    ` neighbours: ${rowsOf({ ...neighbours, samples })}, ${String(events)} events, ${String(eventsMissing)} missing, ${String(eventsDouble)} double;` +
    ` consumer stopped ${String(consumerStops)} times; ${String(fixed)} letters replayed after a fix: ${rowsOf(afterReplay)};` +
    ` replayed again: ${rowsOf(afterSecondReplay)}`
  );
}

export default promise;
