import type { ClickHouseClient } from '../../../common/clickhouse/connection.js';
import type { Oracle } from './oracle.js';
import { readRows, readSeries, type Resolution, type StoredRow } from './stored.js';
import { customerOf, difference, emptyTotals, type Totals } from './totals.js';

/** How the rows of one table stand to what the topic took. Each figure counts rows; 0 is what is promised. */
export interface Comparison {
  readonly resolution: Resolution;
  /** Rows that must be there. */
  expected: number;
  missing: number;
  /** More rows under one identity than messages that said so. */
  double: number;
  /** There once, but not equal to the unit in value, count, sum, zero count and every bucket. */
  different: number;
  /** Of series or of times of which the topic says nothing. */
  unexpected: number;
  /** The first few in words. */
  readonly examples: string[];
}

const EXAMPLES = 8;
const HOUR_MS = 3_600_000;
const BUCKET_MS = { minutes: 60_000, hours: HOUR_MS } as const;

/** Reads the table as readers do (`FINAL`), in slices of a customer and an hour, and compares each row. */
export async function compare(
  client: ClickHouseClient,
  oracle: Oracle,
  resolution: Resolution,
): Promise<Comparison> {
  const result: Comparison = {
    resolution,
    expected: 0,
    missing: 0,
    double: 0,
    different: 0,
    unexpected: 0,
    examples: [],
  };
  const from = Math.floor(oracle.range[0] / HOUR_MS) * HOUR_MS;
  for (const [customer, keys] of groupByCustomer(oracle.keys)) {
    const part = { table: resolution, customer, hostPrefix: oracle.hostPrefix };
    const names = await readSeries(client, part, keys, result.examples);
    for (let hour = from; hour <= oracle.range[1]; hour += HOUR_MS) {
      const slice = new Slice(result, oracle, keys, hour);
      for await (const row of readRows(client, part, hour, hour + HOUR_MS)) {
        slice.see(row, names.get(row.series));
      }
      slice.end();
    }
  }
  return result;
}

function groupByCustomer(keys: readonly string[]): Map<string, string[]> {
  const groups = new Map<string, string[]>();
  for (const key of keys) {
    const customer = customerOf(key);
    const group = groups.get(customer);
    if (group === undefined) groups.set(customer, [key]);
    else group.push(key);
  }
  return groups;
}

/** @returns true when not one row is other than the topic says. */
export function isEqual({ missing, double, different, unexpected }: Comparison): boolean {
  return missing + double + different + unexpected === 0;
}

/** `samples 24000 rows: 0 missing, 0 double, 0 different, 0 unexpected`, and examples below. */
export function comparisonText(comparison: Comparison): string {
  const { resolution, expected, missing, double, different, unexpected, examples } = comparison;
  const figures = `${String(missing)} missing, ${String(double)} double, ${String(different)} different, ${String(unexpected)} unexpected`;
  return [`${resolution} ${String(expected)} rows: ${figures}`, ...examples].join('\n      ');
}

/** The series of one customer in one hour. */
class Slice {
  readonly #seen = new Map<string, Map<number, Totals[]>>();
  /** Of a bucket, milliseconds. */
  readonly #length: number;

  constructor(
    readonly result: Comparison,
    readonly oracle: Oracle,
    readonly keys: readonly string[],
    readonly hour: number,
  ) {
    const { resolution } = result;
    this.#length = resolution === 'samples' ? oracle.windowMs : BUCKET_MS[resolution];
  }

  see(row: StoredRow, key: string | undefined): void {
    if (key === undefined || this.oracle.sources(key, row.timeMs, this.#length) === 0) {
      this.result.unexpected += 1;
      this.#example(`unexpected: series ${key ?? row.series}`, row.timeMs);
      return;
    }
    const times = this.#seen.get(key) ?? new Map<number, Totals[]>();
    this.#seen.set(key, times);
    const rows = times.get(row.timeMs);
    if (rows === undefined) times.set(row.timeMs, [row.totals]);
    else rows.push(row.totals);
  }

  /** Holds what was seen against what is expected. */
  end(): void {
    for (const key of this.keys) {
      for (let start = this.hour; start < this.hour + HOUR_MS; start += this.#length) {
        const sources = this.oracle.sources(key, start, this.#length);
        if (sources > 0) this.#judge(key, start, sources);
      }
      this.#seen.delete(key);
    }
  }

  #judge(key: string, start: number, sources: number): void {
    const { result } = this;
    // Samples hold a row for each message that spoke of the window; a rollup holds one.
    const expected = result.resolution === 'samples' ? sources : 1;
    const rows = this.#seen.get(key)?.get(start) ?? [];
    result.expected += expected;
    if (rows.length < expected) {
      result.missing += expected - rows.length;
      this.#example(`missing: ${String(expected - rows.length)} row of ${key}`, start);
    } else if (rows.length > expected) {
      result.double += rows.length - expected;
      this.#example(`double: ${String(rows.length)} rows of ${key}`, start);
    } else {
      const what = difference(this.oracle.totals(key, start, this.#length), sumOf(rows));
      if (what === undefined) return;
      result.different += 1;
      this.#example(`different: ${key}: ${what}`, start);
    }
  }

  #example(text: string, timeMs: number): void {
    const { examples } = this.result;
    if (examples.length < EXAMPLES) examples.push(`${text} at ${new Date(timeMs).toISOString()}`);
  }
}

function sumOf(rows: readonly Totals[]): Totals {
  const [only] = rows;
  if (only !== undefined && rows.length === 1) return only;
  const total = emptyTotals();
  for (const row of rows) {
    total.rows += row.rows;
    total.value += row.value;
    total.count += row.count;
    total.sum += row.sum;
    total.zeroCount += row.zeroCount;
    for (const [index, count] of row.buckets)
      total.buckets.set(index, (total.buckets.get(index) ?? 0) + count);
  }
  return total;
}
