import { createHash } from 'node:crypto';
import { DATABASE, type ClickHouseClient } from '../../common/clickhouse/connection.js';

/** Rows as the writer lays them down, with what a test does not care about filled in. */
export interface BatchRow {
  readonly host: string;
  readonly startMs: number;
  readonly customers: readonly string[];
  readonly goodbye?: boolean;
  readonly run?: string;
  readonly seq?: number;
  readonly lost?: Readonly<Record<string, number>>;
  readonly windowMs?: number;
}

export const RUN = '00000000-0000-4000-8000-000000000001';
export const OTHER_RUN = '00000000-0000-4000-8000-000000000002';

/** Text that the engine reads into any DateTime64. */
export const engineTime = (milliseconds: number) =>
  new Date(milliseconds).toISOString().slice(0, -1).replace('T', ' ');

export async function insertBatches(client: ClickHouseClient, rows: readonly BatchRow[]): Promise<void> {
  const values = rows.map((row, index) => ({
    host: row.host,
    window_start: engineTime(row.startMs),
    window_end: engineTime(row.startMs + (row.windowMs ?? 5_000)),
    run: row.run ?? RUN,
    seq: row.seq ?? index,
    host_name: `${row.host}.example`,
    region: 'eu',
    observed_ms: row.windowMs ?? 5_000,
    customers: row.customers,
    goodbye: row.goodbye === true ? 1 : 0,
    emitted_points: 3,
    stored_points: 3,
    lost: row.lost ?? {},
    unattributed: { 'packet.drops': 1 },
    produced_at: engineTime(row.startMs + 5_100),
  }));
  await insert(client, 'batches', values);
}

export interface SampleRow {
  readonly customer: string;
  readonly metric: string;
  readonly startMs: number;
  readonly source?: number;
  readonly host?: string;
  readonly app?: string;
  readonly instance?: string;
  readonly region?: string;
  readonly value?: number;
  readonly buckets?: Readonly<Record<number, number>>;
  readonly sum?: number;
  readonly attributes?: Readonly<Record<string, string>>;
}

export async function insertSamples(client: ClickHouseClient, rows: readonly SampleRow[]): Promise<void> {
  const values = rows.map((row) => {
    const buckets = Object.entries(row.buckets ?? {}).map(
      ([index, count]) => [Number(index), count] as const,
    );
    const { app = 'web', instance = 'web-1', host = 'h1', region = 'eu', attributes = {} } = row;
    return {
      customer: row.customer,
      metric: row.metric,
      series: seriesOf([row.customer, row.metric, app, instance, host, JSON.stringify(attributes)].join('|')),
      time: engineTime(row.startMs),
      source: row.source ?? row.startMs / 5_000,
      window_ms: 5_000,
      kind: row.buckets === undefined ? 'sum' : 'exponential_histogram',
      value: row.value ?? 0,
      count: buckets.reduce((total, [, count]) => total + count, 0),
      sum: row.sum ?? 0,
      bucket_indexes: buckets.map(([index]) => index).sort((a, b) => a - b),
      bucket_counts: buckets.sort(([a], [b]) => a - b).map(([, count]) => count),
      ...{ region, host, app, instance, attributes },
    };
  });
  await insert(client, 'samples', values);
}

/** A point that somebody else than our agents sent. */
export interface ForeignPoint {
  readonly customer: string;
  readonly metric: string;
  readonly kind: 'sum' | 'gauge';
  readonly startMs: number;
  readonly value: number;
  readonly app: string;
  readonly instance: string;
  readonly host: string;
  readonly attributes: Readonly<Record<string, string>>;
}

export async function insertForeign(client: ClickHouseClient, rows: readonly ForeignPoint[]): Promise<void> {
  const values = rows.map(({ startMs, ...row }, index) => ({
    ...row,
    series: seriesOf([row.customer, row.metric, row.kind, row.app, row.instance, row.host].join('|')),
    time: engineTime(startMs),
    start_time: engineTime(startMs),
    source: index,
    window_ms: 0,
    unit: '1',
  }));
  await insert(client, 'samples', values);
}

export interface EventRow {
  readonly customer: string;
  readonly timeMs: number;
  readonly position?: number;
  readonly reason: string;
  readonly cause: string;
  readonly fault: string;
  readonly app?: string;
  readonly instance?: string;
  readonly sourceAddress?: string;
  readonly interface?: string;
}

export async function insertEvents(client: ClickHouseClient, rows: readonly EventRow[]): Promise<void> {
  const values = rows.map((row, index) => ({
    customer: row.customer,
    time: engineTime(row.timeMs),
    source: 1,
    position: row.position ?? index,
    ...{ region: 'eu', host: 'h1', app: row.app ?? 'web', instance: row.instance ?? 'web-1' },
    ...{
      reason: row.reason,
      cause: row.cause,
      fault: row.fault,
      place: 'input',
      way: 'rx_socket',
      protocol: 'udp',
    },
    source_address: row.sourceAddress ?? '10.0.0.1',
    source_port: 4_000,
    destination_address: '10.0.0.2',
    destination_port: 53,
    length_bytes: 100,
    interface: row.interface ?? 'eth0',
  }));
  await insert(client, 'events', values);
}

async function insert(client: ClickHouseClient, table: string, values: readonly unknown[]): Promise<void> {
  if (values.length === 0) return;
  await client.insert({ table: `${DATABASE}.${table}`, values, format: 'JSONEachRow' });
}

/** Any hash does: equal texts, equal series. */
function seriesOf(text: string): number {
  return createHash('sha256').update(text).digest().readUInt32LE(0);
}
