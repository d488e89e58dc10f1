import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { it } from 'node:test';
import { decodeSignalBatch, encodeSignalBatch } from '../../../common/wire/otlp.js';
import { parseBatch, batchText } from './acknowledged.js';
import { encodeFleet } from './encoded.js';
import { fleetOracle } from './oracle.js';
import { fleetBatch, fleetPlan, fleetPoints, hostId, windowStart } from './plan.js';
import { seriesKey } from './totals.js';

const plan = fleetPlan.parse({ hosts: 3, startMs: Date.UTC(2026, 0, 1) });

it('fills in a template to the bytes that encoding anew gives', () => {
  const fleet = encodeFleet(plan);
  const run = randomUUID();
  for (const window of [0, 1, 5, 1_000, 100_001]) {
    const id = { host: 2, window, run };
    const anew = encodeSignalBatch(fleetBatch(plan, id));
    assert.deepEqual(fleet.encode(id), Buffer.from(anew));
  }
});

it('makes batches that the wire takes, with so many points, each a series of its own', () => {
  const batch = decodeSignalBatch(encodeFleet(plan).encode({ host: 0, window: 9, run: randomUUID() }));
  assert.equal(batch.points.length, 200);
  assert.equal(batch.windowStartMs, windowStart(plan, 9));
  const keys = batch.points.map((point) =>
    seriesKey({ ...point, host: batch.host.id, metric: point.signal }),
  );
  assert.equal(new Set(keys).size, 200);
});

it('differs between hosts, variants and seeds, and not between processes', () => {
  const values = (seed: number, host: number, variant: number) =>
    JSON.stringify(
      fleetPoints({ ...plan, seed }, host, variant).map((point) => {
        return point.kind === 'sum' ? point.value : point.bucketCounts;
      }),
    );
  const all = [values(1, 0, 0), values(2, 0, 0), values(1, 1, 0), values(1, 0, 1)];
  assert.equal(new Set(all).size, 4);
  assert.equal(values(1, 0, 0), all[0]);
});

it('adds up exactly what the batches say, each run once', () => {
  const runs = [randomUUID(), randomUUID()] as const;
  const batches = [0, 1, 2, 11, 12].map((window) => ({ host: 1, window, run: runs[0] }));
  const oracle = fleetOracle(plan, [...batches, { host: 1, window: 2, run: runs[1] }]);
  const [first] = fleetPoints(plan, 1, 0);
  assert.ok(first?.kind === 'sum');
  const key = seriesKey({ ...first, host: hostId(plan, 1), metric: first.signal });
  const valueOf = (window: number) => {
    const [point] = fleetPoints(plan, 1, window % plan.variants);
    return point?.kind === 'sum' ? point.value : NaN;
  };
  const expected = [0, 1, 2, 2, 11].reduce((sum, window) => sum + valueOf(window), 0);
  assert.equal(oracle.totals(key, plan.startMs, 60_000).value, expected);
  assert.equal(oracle.sources(key, plan.startMs, 60_000), 5);
  assert.equal(oracle.sources(key, plan.startMs + 60_000, 60_000), 1);
  assert.equal(oracle.sources(key, plan.startMs - 60_000, 60_000), 0);
});

it('a torn line of acknowledgements is none', () => {
  const batch = { host: 3, window: 17, run: randomUUID() };
  assert.deepEqual(parseBatch(batchText(batch)), batch);
  assert.equal(parseBatch(batchText(batch).slice(0, -1)), undefined);
});
