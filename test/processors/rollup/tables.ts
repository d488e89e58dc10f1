import { z } from 'zod';
import type { ClickHouseClient } from '../../../common/clickhouse/connection.js';
import { BOUNDS } from './random-rows.js';
import type { Expected, Row } from './reference.js';

/** As ClickHouse reads a DateTime64(3) in UTC. */
export const engineTime = (ms: number) => new Date(ms).toISOString().replace('T', ' ').replace('Z', '');

/** Whose the rows are and what they are called. */
export const LABELS = {
  customer: 'acme',
  metric: 'test.metric',
  region: 'eu-1',
  host: 'host-1',
  app: 'shop',
  instance: 'shop-1',
  attributes: { colour: 'red' },
} as const;

const isExplicit = (kind: string) => kind === 'histogram' || kind === 'cumulative_histogram';

function asSample(row: Row) {
  const explicit = isExplicit(row.kind);
  const indexes = [...row.buckets.keys()].sort((a, b) => a - b);
  const places = Array.from({ length: BOUNDS.length + 1 }, (_, place) => place);
  return {
    ...LABELS,
    series: row.series,
    time: engineTime(row.timeMs),
    start_time: engineTime(row.startMs),
    source: row.source,
    window_ms: 0,
    kind: row.kind,
    unit: 'By',
    value: row.value,
    count: row.count,
    sum: row.sum,
    zero_count: row.zeroCount,
    bounds: explicit ? BOUNDS : [],
    bucket_indexes: explicit ? [] : indexes,
    bucket_counts: (explicit ? places : indexes).map((index) => row.buckets.get(index) ?? 0),
  };
}

/** One INSERT; the writer's count of it is inserted by `touch`. */
export async function insertSamples(client: ClickHouseClient, rows: readonly Row[]): Promise<void> {
  await client.insert({
    table: 'bellwether.samples',
    format: 'JSONEachRow',
    values: rows.map(asSample),
  });
}

/** As the writer does after each flush. */
export async function touch(client: ClickHouseClient, minutes: Iterable<number>): Promise<void> {
  const values = [...new Set(minutes)].map((minute) => ({ minute: minute / 1_000, writes: 1 }));
  await client.insert({ table: 'bellwether.touches', format: 'JSONEachRow', values });
}

const number = z.coerce.number();
const edge = z.object({
  time: z.string(),
  start_time: z.string(),
  value: number,
  count: number,
  sum: number,
  zero_count: number,
  bucket_indexes: z.array(number),
  bucket_counts: z.array(number),
});
const rollupRow = z.object({
  series: number,
  bucket: number,
  version: number,
  kind: z.string(),
  unit: z.string(),
  value: number,
  count: number,
  sum: number,
  zero_count: number,
  bucket_indexes: z.array(number),
  bucket_counts: z.array(number),
  bounds: z.array(number),
  min: number,
  max: number,
  rows: number,
  first: edge,
  last: edge,
  customer: z.string(),
  metric: z.string(),
  region: z.string(),
  host: z.string(),
  app: z.string(),
  instance: z.string(),
  attributes: z.record(z.string(), z.string()),
});
export type RollupRow = z.output<typeof rollupRow>;

/** All rows of a rollup as a reader sees them. */
export async function readRollup(client: ClickHouseClient, table: string): Promise<RollupRow[]> {
  const result = await client.query({
    query: `SELECT * EXCEPT time, toUnixTimestamp(time) AS bucket FROM bellwether.${table} FINAL ORDER BY series, bucket`,
    format: 'JSONEachRow',
  });
  return z.array(rollupRow).parse(await result.json());
}

const NO_EDGE = asEdge(undefined);

function asEdge(row: Row | undefined) {
  if (row === undefined || row.kind === 'gauge') {
    return {
      time: engineTime(row?.timeMs ?? 0),
      start_time: engineTime(0),
      ...{ value: row?.value ?? 0, count: 0, sum: 0, zero_count: 0, bucket_indexes: [], bucket_counts: [] },
    };
  }
  const { time, start_time, value, count, sum, zero_count, bucket_indexes, bucket_counts } = asSample(row);
  return { time, start_time, value, count, sum, zero_count, bucket_indexes, bucket_counts };
}

/** The row that must stand in the table. */
export function asRollupRow(
  rows: readonly Row[],
  expected: Expected,
  bucketMs: number,
  version: number,
): RollupRow {
  const [row] = rows;
  if (row === undefined) throw new Error('a bucket without rows has no row');
  const explicit = isExplicit(row.kind);
  const indexes = [...expected.buckets.keys()].sort((a, b) => a - b);
  const places = Array.from({ length: BOUNDS.length + 1 }, (_, place) => place);
  return {
    ...LABELS,
    series: row.series,
    bucket: bucketMs / 1_000,
    version,
    kind: row.kind,
    unit: 'By',
    value: expected.value,
    count: expected.count,
    sum: expected.sum,
    zero_count: expected.zeroCount,
    bounds: explicit ? BOUNDS : [],
    bucket_indexes: explicit ? [] : indexes,
    bucket_counts: (explicit ? places : indexes).map((index) => expected.buckets.get(index) ?? 0),
    min: expected.min,
    max: expected.max,
    rows: expected.rows,
    first: expected.first === undefined ? NO_EDGE : asEdge(expected.first),
    last: expected.last === undefined ? NO_EDGE : asEdge(expected.last),
  };
}
