import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { z } from 'zod';
import { connectClickHouse, DATABASE, type ClickHouseClient } from '../../../common/clickhouse/connection.js';
import { insertRowBinary } from '../../../common/clickhouse/insert.js';
import { FIRST_CAPACITY, RowBinaryWriter } from '../../../common/clickhouse/row-binary.js';
import { startStore, type RunningStore } from '../../support/store.js';

const hexOf = (write: (writer: RowBinaryWriter) => void) => {
  const writer = new RowBinaryWriter();
  write(writer);
  return Buffer.from(writer.take()).toString('hex');
};

describe('RowBinary', () => {
  it('writes little endian numbers, lengths as varints, and UUIDs as two halves', () => {
    assert.equal(
      hexOf((w) => w.uint16(0x0102)),
      '0201',
    );
    assert.equal(
      hexOf((w) => w.int64(-2)),
      'feffffffffffffff',
    );
    assert.equal(
      hexOf((w) => w.string('é')),
      '02c3a9',
    );
    assert.equal(
      hexOf((w) => w.array([1, 2], (v) => w.int16(v))),
      '0201000200',
    );
    assert.equal(
      hexOf((w) => w.uuid('00010203-0405-0607-0809-0a0b0c0d0e0f')),
      '07060504030201000f0e0d0c0b0a0908',
    );
    assert.equal(hexOf((w) => w.string('x'.repeat(300))).slice(0, 4), 'ac02');
  });

  it('keeps what it gave away when it is used again', () => {
    const writer = new RowBinaryWriter();
    writer.string('first');
    const first = writer.take();
    writer.string('other');
    assert.equal(Buffer.from(first.subarray(1)).toString(), 'first');
    assert.equal(writer.byteLength, 6);
  });

  it('grows wherever its room ends', () => {
    const values = (writer: RowBinaryWriter) => {
      writer.uint8(1);
      writer.int8(-1);
      writer.int16(-2);
      writer.uint16(2);
      writer.uint32(3);
      writer.uint64(4);
      writer.uint64(5n);
      writer.int64(-6);
      writer.float64(7.5);
      writer.string('eight');
      writer.array([9], (value) => writer.int16(value));
      writer.raw(Buffer.from([10]));
    };
    const expected = hexOf(values);
    for (let left = 0; left <= expected.length / 2; left += 1) {
      const writer = new RowBinaryWriter();
      writer.raw(new Uint8Array(FIRST_CAPACITY - left));
      values(writer);
      assert.equal(Buffer.from(writer.take().subarray(FIRST_CAPACITY - left)).toString('hex'), expected);
    }
  });

  it('writes a number as the bigint that it equals', () => {
    for (const value of [0, 1, 2 ** 31, 2 ** 32 - 1, 2 ** 32, 2 ** 53 - 1, 2 ** 53, 2 ** 63]) {
      assert.equal(
        hexOf((w) => w.uint64(value)),
        hexOf((w) => w.uint64(BigInt(value))),
      );
    }
  });

  it('refuses what does not fit its type', () => {
    const writer = new RowBinaryWriter();
    assert.throws(() => writer.uint8(256), RangeError);
    assert.throws(() => writer.int16(-32_769), RangeError);
    assert.throws(() => writer.uint32(2 ** 32), RangeError);
    assert.throws(() => writer.uint64(2 ** 64), RangeError);
    assert.throws(() => writer.uint64(-1), RangeError);
    assert.throws(() => writer.uint64(0.5), RangeError);
    assert.throws(() => writer.uuid('no'), /is not a UUID/);
  });
});

const row = z.object({
  s: z.string(),
  u: z.string(),
  f: z.number(),
  e: z.string(),
  id: z.string(),
  t: z.string(),
  i: z.array(z.number()),
  c: z.array(z.string()),
  m: z.record(z.string(), z.string()),
});
type Row = z.output<typeof row>;

describe('RowBinary, read by the real engine', () => {
  let store: RunningStore;
  let client: ClickHouseClient;

  before(async () => {
    store = await startStore();
    client = connectClickHouse({ url: store.url('admin'), application: 'test' });
    await client.command({ query: `CREATE DATABASE ${DATABASE}` });
    await client.command({
      query: `CREATE TABLE ${DATABASE}.t (s LowCardinality(String), u UInt64, f Float64,
        e Enum8('sum' = 1, 'exponential_histogram' = 2), id UUID, t DateTime64(9, 'UTC'),
        i Array(Int16), c Array(UInt64), m Map(LowCardinality(String), String))
        ENGINE = ReplacingMergeTree ORDER BY u`,
    });
  });
  after(async () => {
    await client.close();
    await store.stop();
  });

  it('gives back what was written, also where bytes look like an end of the data', async () => {
    const texts = ['', 'a', '\n\n', '\n\nDROP TABLE x', '\0', 'é€😀', 'x'.repeat(70_000)];
    const rows: Row[] = texts.map((s, position) => ({
      s,
      // 2570 is 0A 0A, where an insert in a query's own text would end.
      u: String([0n, 2570n, 2n ** 53n, 2n ** 64n - 1n][position] ?? BigInt(position)),
      f: [0, -0.5, 1e308, 1 / 3][position] ?? position,
      e: position % 2 === 0 ? 'sum' : 'exponential_histogram',
      id: `00000000-0000-4000-8000-00000000000${position}`,
      t: `2026-11-24 18:00:00.00000000${position}`,
      i: [-240, 0, 79].slice(0, position % 4),
      c: ['0', '2570', '18446744073709551615'].slice(0, position % 4),
      m: position === 0 ? {} : { 'drop.reason': s, b: '\n\n' },
    }));
    const writer = new RowBinaryWriter();
    for (const value of rows) write(writer, value);
    await insertRowBinary(client, { table: 't', columns: Object.keys(row.shape), chunks: [writer.take()] });
    const result = await client.query({
      query: `SELECT s, toString(u) AS u, f, e, id, toString(t) AS t, i,
        arrayMap(x -> toString(x), c) AS c, m FROM ${DATABASE}.t FINAL ORDER BY id`,
      format: 'JSONEachRow',
    });
    assert.deepEqual(z.array(row).parse(await result.json()), rows);
  });

  it('stores rows that are sent twice once', async () => {
    const chunks = [0, 1].map(() => {
      const writer = new RowBinaryWriter();
      for (let u = 100; u < 3_100; u += 1) write(writer, { ...EMPTY, u: String(u) });
      return writer.take();
    });
    for (const chunk of chunks) {
      await insertRowBinary(client, { table: 't', columns: Object.keys(row.shape), chunks: [chunk] });
    }
    const result = await client.query({
      query: `SELECT count() AS n FROM ${DATABASE}.t FINAL WHERE u BETWEEN 100 AND 3099`,
      format: 'JSONEachRow',
    });
    assert.deepEqual(z.array(z.object({ n: z.coerce.number() })).parse(await result.json()), [{ n: 3_000 }]);
  });
});

const EMPTY: Row = {
  s: '',
  u: '0',
  f: 0,
  e: 'sum',
  id: '00000000-0000-4000-8000-000000000000',
  t: '2026-11-24 18:00:00.000000000',
  i: [],
  c: [],
  m: {},
};

function write(writer: RowBinaryWriter, value: Row): void {
  const nanoseconds = BigInt(value.t.slice(-1));
  writer.string(value.s);
  writer.uint64(BigInt(value.u));
  writer.float64(value.f);
  writer.int8(value.e === 'sum' ? 1 : 2);
  writer.uuid(value.id);
  writer.int64(BigInt(Date.UTC(2026, 10, 24, 18)) * 1_000_000n + nanoseconds);
  writer.array(value.i, (item) => writer.int16(item));
  writer.array(value.c, (item) => writer.uint64(BigInt(item)));
  writer.map(Object.entries(value.m), (item) => writer.string(item));
}
