import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import fc from 'fast-check';
import { z } from 'zod';
import { connectClickHouse, DATABASE, type ClickHouseClient } from '../../../common/clickhouse/connection.js';
import { insertNative } from '../../../common/clickhouse/insert.js';
import type { Point, SignalBatch } from '../../../common/wire/batch.js';
import { SeriesHasher, sourceOf } from '../../../processors/writer/identity.js';
import { sampleRows } from '../../../processors/writer/rows/samples.js';
import { SAMPLES_COLUMNS, SamplesBlock } from '../../../processors/writer/rows/samples-block.js';
import { signalBatch as anyBatch } from '../../common/wire/arbitraries.js';
import { startStore, type RunningStore } from '../../support/store.js';
import { signalBatch, WINDOW_MS } from './batches.js';

const START_MS = Date.UTC(2026, 10, 24, 18);

/** As the query below says a row; numbers as texts, so that 64 bits and doubles are exact. */
const row = z.record(z.string(), z.unknown());
const QUERY = `SELECT customer, metric, toString(series) AS series, toUnixTimestamp64Milli(time) AS time,
  toString(source) AS source, window_ms, kind, reinterpretAsUInt64(value)::String AS value, toString(count) AS count,
  reinterpretAsUInt64(sum)::String AS sum, toString(zero_count) AS zero_count, bucket_indexes,
  arrayMap(n -> toString(n), bucket_counts) AS bucket_counts, region, host, app, instance, attributes,
  toUnixTimestamp64Milli(start_time) AS start_time FROM ${DATABASE}.t ORDER BY series, source`;

function expectedRow(batch: SignalBatch, point: Point, series: bigint) {
  const histogram = point.kind === 'sum' ? undefined : point;
  return {
    customer: point.owner.customer,
    metric: point.signal,
    series: String(series),
    time: batch.windowStartMs,
    source: String(sourceOf(batch.identity)),
    window_ms: batch.windowEndMs - batch.windowStartMs,
    kind: point.kind,
    value: bitsOf(point.kind === 'sum' ? point.value : 0),
    count: String(histogram?.count ?? 0),
    sum: bitsOf(histogram?.sum ?? 0),
    zero_count: String(histogram?.zeroCount ?? 0),
    bucket_indexes: histogram?.bucketIndexes ?? [],
    bucket_counts: (histogram?.bucketCounts ?? []).map(String),
    region: batch.host.region,
    host: batch.host.id,
    app: point.owner.app,
    instance: point.owner.instance,
    attributes: { ...point.attributes },
    start_time: batch.windowStartMs,
  };
}

function bitsOf(value: number): string {
  const bytes = Buffer.alloc(8);
  bytes.writeDoubleLE(value);
  return String(bytes.readBigUInt64LE());
}

describe('blocks of samples, read by the real engine', () => {
  const hasher = new SeriesHasher();
  const block = new SamplesBlock();
  let store: RunningStore;
  let client: ClickHouseClient;

  before(async () => {
    store = await startStore();
    client = connectClickHouse({ url: store.url('admin'), application: 'test' });
    await client.command({ query: `CREATE DATABASE ${DATABASE}` });
    await client.command({
      query: `CREATE TABLE ${DATABASE}.t (customer LowCardinality(String), metric LowCardinality(String), series UInt64,
        time DateTime64(3, 'UTC'), source UInt64, window_ms UInt32, kind Enum8('sum' = 1, 'exponential_histogram' = 2),
        value Float64, count UInt64, sum Float64, zero_count UInt64, bucket_indexes Array(Int16),
        bucket_counts Array(UInt64), region LowCardinality(String), host LowCardinality(String),
        app LowCardinality(String), instance LowCardinality(String), attributes Map(LowCardinality(String), String),
        start_time DateTime64(3, 'UTC') DEFAULT time) ENGINE = MergeTree ORDER BY series`,
    });
  });
  after(async () => {
    await client.close();
    await store.stop();
  });

  const storeAndRead = async (batches: readonly SignalBatch[]) => {
    await client.command({ query: `TRUNCATE TABLE ${DATABASE}.t` });
    const chunks = block.of(batches.map((batch) => sampleRows(batch, hasher)));
    await insertNative(client, { table: 't', columns: SAMPLES_COLUMNS, chunks });
    const result = await client.query({ query: QUERY, format: 'JSONEachRow' });
    return z.array(row).parse(await result.json());
  };
  const expectedOf = (batches: readonly SignalBatch[]) =>
    batches
      .flatMap((batch) => {
        return batch.points.map((point) => expectedRow(batch, point, hasher.seriesOf(batch.host.id, point)));
      })
      .sort((a, b) => compare(a.series, b.series) || compare(a.source, b.source));

  it('hold what the batches say, one block after the other', async () => {
    const run = '00000000-0000-4000-8000-000000000001';
    for (const hosts of [[1, 2, 3], [3, 4], [1]]) {
      const batches = hosts.map((host) => signalBatch(host, 0, START_MS + host * WINDOW_MS, run));
      assert.deepEqual(await storeAndRead(batches), expectedOf(batches));
    }
  });

  it('hold points without attributes and buckets, and none at all of a message', async () => {
    const whole = signalBatch(1, 0, START_MS, '00000000-0000-4000-8000-000000000001');
    const points = whole.points.filter((_, i) => i === 0).map((point) => ({ ...point, attributes: {} }));
    const bare = { ...whole, points };
    assert.deepEqual(await storeAndRead([{ ...whole, points: [] }, bare]), expectedOf([bare]));
  });

  it('hold whatever an agent may say', async () => {
    for (const batches of fc.sample(fc.array(anyBatch, { minLength: 1, maxLength: 5 }), 8)) {
      const distinct = batches.map((batch) => {
        const bySeries = new Map(batch.points.map((point) => [hasher.seriesOf(batch.host.id, point), point]));
        return { ...batch, points: [...bySeries.values()] };
      });
      if (distinct.every(({ points }) => points.length === 0)) continue;
      assert.deepEqual(await storeAndRead(distinct), expectedOf(distinct));
    }
  });
});

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
