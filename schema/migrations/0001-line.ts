import { batches } from './0001-line/batches.js';
import { events } from './0001-line/events.js';
import { samples } from './0001-line/samples.js';
import { tokens } from './0001-line/tokens.js';
import { dropsView, fleetView, latencyView } from './0001-line/views.js';
import type { Migration } from './migration.js';

/**
 * The tables of the first line: samples, events, the ledger and the tokens.
 * A row's key says what it measures, so that writing it twice is writing it once
 * (ReplacingMergeTree without version: equal keys hold equal rows).
 */
export const line: Migration = {
  version: 1,
  name: 'line',
  statements: (settings) => [
    samples(settings),
    events(settings),
    batches(settings),
    tokens(settings),
    latencyView(settings),
    dropsView(settings),
    fleetView(settings),
  ],
};
