import { DATABASE, type ClickHouseClient } from '../../../common/clickhouse/connection.js';
import { z } from 'zod';
import { seriesKey, type Totals } from './totals.js';

/** Which rows are read: of one table, customer and kind of hosts. */
export interface StoredPart {
  readonly table: Resolution;
  readonly customer: string;
  readonly hostPrefix: string;
}

/** The tables that are compared. */
export type Resolution = 'samples' | 'minutes' | 'hours';

export interface StoredRow {
  /** The product's hash, as text. */
  readonly series: string;
  readonly timeMs: number;
  readonly totals: Totals;
}

const seriesRow = z.tuple([
  z.string(),
  z.string(),
  z.string(),
  z.string(),
  z.string(),
  z.string(),
  z.record(z.string(), z.string()),
]);

const RAW_COLUMNS = 'toUnixTimestamp64Milli(time), 1';
const ROLLED_COLUMNS = 'toUnixTimestamp(time) * 1000, rows';

const OF_PART = 'customer = {customer:String} AND startsWith(host, {prefix:String})';

/** JSON numbers: every count of a test fits into a double. */
const SETTINGS = { output_format_json_quote_64bit_integers: 0 } as const;

/**
 * The product's hashes of a customer's series, with the labels that they stand for. Two hashes of one series go
 * to `problems`: their rows would be counted apart.
 */
export async function readSeries(
  client: ClickHouseClient,
  part: StoredPart,
  expected: readonly string[],
  problems: string[],
): Promise<Map<string, string>> {
  const result = await client.query({
    query: `SELECT DISTINCT toString(series), customer, metric, host, app, instance, attributes
            FROM ${DATABASE}.${part.table} WHERE ${OF_PART}`,
    query_params: { customer: part.customer, prefix: part.hostPrefix },
    format: 'JSONCompactEachRow',
  });
  const names = new Map<string, string>();
  const hashes = new Map<string, string>();
  const wanted = new Set(expected);
  for (const row of z.array(seriesRow).parse(await result.json())) {
    const [series, owner, metric, host, app, instance, attributes] = row;
    const key = seriesKey({ host, metric, owner: { customer: owner, app, instance }, attributes });
    const before = hashes.get(key) ?? series;
    const other = names.get(series) ?? key;
    if (before !== series && wanted.has(key)) problems.push(`${key} has two hashes: ${before}, ${series}`);
    if (other !== key) problems.push(`${series} stands for two series: ${other} and ${key}`);
    hashes.set(key, series);
    names.set(series, key);
  }
  return names;
}

/** Rows of a customer in [fromMs, toMs), streamed. */
export async function* readRows(
  client: ClickHouseClient,
  part: StoredPart,
  fromMs: number,
  toMs: number,
): AsyncGenerator<StoredRow> {
  const result = await client.query({
    query: `SELECT toString(series), ${part.table === 'samples' ? RAW_COLUMNS : ROLLED_COLUMNS},
                   value, count, sum, zero_count, bucket_indexes, bucket_counts
            FROM ${DATABASE}.${part.table} FINAL
            WHERE ${OF_PART} AND time >= {from:DateTime('UTC')} AND time < {to:DateTime('UTC')}`,
    query_params: {
      customer: part.customer,
      prefix: part.hostPrefix,
      from: new Date(fromMs),
      to: new Date(toMs),
    },
    format: 'JSONCompactEachRow',
    clickhouse_settings: SETTINGS,
  });
  for await (const rows of result.stream()) {
    for (const { text } of rows) yield storedRow(JSON.parse(text));
  }
}

/** Most rows are of sums; a slice holds hundreds of thousands. */
const NO_BUCKETS = new Map<number, number>();

/** By hand: a schema would take ten times as long for each of millions of rows. */
function storedRow(row: unknown): StoredRow {
  if (!Array.isArray(row)) throw new Error('a row is an array');
  const cells: unknown[] = row;
  const [series, timeMs, rows, value, count, sum, zeroCount, indexes, counts] = cells;
  if (!Array.isArray(indexes) || !Array.isArray(counts)) throw new Error('buckets are arrays');
  const buckets = indexes.length === 0 ? NO_BUCKETS : new Map<number, number>();
  indexes.forEach((index, position) => {
    buckets.set(number(index), number(counts[position]));
  });
  return {
    series: String(series),
    timeMs: number(timeMs),
    totals: {
      rows: number(rows),
      value: number(value),
      count: number(count),
      sum: number(sum),
      zeroCount: number(zeroCount),
      buckets,
    },
  };
}

function number(cell: unknown): number {
  if (typeof cell !== 'number') throw new Error(`${String(cell)} is no number`);
  return cell;
}
