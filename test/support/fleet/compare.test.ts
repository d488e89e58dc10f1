import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, before, describe, it } from 'node:test';
import { crc32 } from 'node:zlib';
import { DATABASE } from '../../../common/clickhouse/connection.js';
import type { Point } from '../../../common/wire/batch.js';
import { startRealStore, type RealStore } from '../../query-api/real-store.js';
import { batchText } from './acknowledged.js';
import { compare, comparisonText, isEqual } from './compare.js';
import { fleetOracle } from './oracle.js';
import { fleetBatch, fleetPlan, hostId, windowStart, type FleetBatchId } from './plan.js';
import { seriesKey } from './totals.js';

const HOUR_MS = 3_600_000;

describe('comparing samples with the oracle', () => {
  const startMs = Math.floor(Date.now() / HOUR_MS - 1) * HOUR_MS - 10_000;
  const plan = fleetPlan.parse({ hosts: 2, pointsPerBatch: 40, startMs });
  const run = randomUUID();
  const batches = [0, 1, 2, 3].flatMap((window) => [0, 1].map((host) => ({ host, window, run })));
  // One window that two runs of an agent speak of.
  const all = [...batches, { host: 1, window: 2, run: randomUUID() }];
  let store: RealStore;

  /** By hand, not by the writer: the columns of the contract. */
  const write = async (ids: readonly FleetBatchId[]) => {
    const values = ids.flatMap((id) => fleetBatch(plan, id).points.map((point) => rowOf(id, point)));
    await store.admin.insert({ table: `${DATABASE}.samples`, format: 'JSONEachRow', values });
  };
  const rowOf = (id: FleetBatchId, point: Point) => {
    const host = hostId(plan, id.host);
    const { owner, signal: metric, kind, attributes } = point;
    const numbers =
      point.kind === 'sum'
        ? { value: point.value }
        : {
            count: point.count,
            sum: point.sum,
            zero_count: point.zeroCount,
            bucket_indexes: point.bucketIndexes,
            bucket_counts: point.bucketCounts,
          };
    const key = {
      series: crc32(seriesKey({ host, metric, owner, attributes })),
      source: crc32(batchText(id)),
    };
    const time = new Date(windowStart(plan, id.window)).toISOString().replace('T', ' ').replace('Z', '');
    return { ...owner, metric, kind, attributes, host, time, window_ms: plan.windowMs, ...key, ...numbers };
  };
  const held = async (ids = all) => compare(store.admin, fleetOracle(plan, ids), 'samples');

  before(async () => {
    store = await startRealStore();
    await write(all);
  });
  after(async () => {
    await store.stop();
  });

  it('is equal, also after all is written again', async () => {
    await write(batches.toReversed());
    const comparison = await held();
    assert.ok(isEqual(comparison), comparisonText(comparison));
    assert.equal(comparison.expected, all.length * 40);
  });

  it('finds what the topic took and the table does not hold, and the other way round', async () => {
    const missing = await held([...all, { host: 0, window: 4, run }]);
    assert.deepEqual([missing.missing, missing.double, missing.unexpected], [40, 0, 0]);
    const unexpected = await held(all.slice(2));
    assert.deepEqual([unexpected.missing, unexpected.double, unexpected.unexpected], [0, 0, 80]);
    const double = await held(batches);
    assert.deepEqual([double.missing, double.double, double.different], [0, 40, 0]);
  });

  it('finds a row that says one unit more, and names it', async () => {
    const columns = 'customer, metric, series, time, source, kind, value, host, app, instance, attributes';
    await store.admin.command({
      query: `INSERT INTO ${DATABASE}.samples (${columns})
              SELECT ${columns.replace('value', 'value + 1')} FROM ${DATABASE}.samples FINAL
              WHERE host = 'fleet-0000' AND metric = 'tcp.retransmits' AND customer = 'acme' ORDER BY time LIMIT 1`,
    });
    const comparison = await held();
    assert.deepEqual([comparison.different, comparison.missing, comparison.double], [1, 0, 0]);
    assert.match(
      comparison.examples[0] ?? '',
      /^different: \["acme","tcp.retransmits".*value is \d+, expected \d+ at 20/,
    );
  });
});
