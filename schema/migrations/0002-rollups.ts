import { baselines } from './0002-rollups/baselines.js';
import { days, hours, minutes } from './0002-rollups/rollups.js';
import { samplesOfAnyone } from './0002-rollups/samples.js';
import { seals, touches, touchWhatIsStored } from './0002-rollups/seals.js';
import type { Migration } from './migration.js';

/**
 * Minutes, hours and days, what says that they are complete, totals that outlive them, and samples of any
 * OpenTelemetry sender.
 */
export const rollups: Migration = {
  version: 2,
  name: 'rollups',
  statements: (settings) => [
    samplesOfAnyone(settings),
    touches(settings),
    touchWhatIsStored(settings),
    seals(settings),
    minutes(settings),
    hours(settings),
    days(settings),
    baselines(settings),
  ],
};
