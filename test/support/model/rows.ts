import { readNative } from './native-reader.js';
import { RowBinaryReader } from './row-binary-reader.js';

/** A row of an insert, as the simulated store keeps it. */
export interface Row {
  /** What the table's ORDER BY says is the same row. */
  readonly key: string;
  /** All that it says. */
  readonly content: string;
  readonly fields: Readonly<Record<string, unknown>>;
}

/** Types as on the wire: DateTime64 as ticks, Enum8 by number, LowCardinality(T) as T. */
const TYPES: Readonly<Record<string, string>> = {
  customer: 'String',
  metric: 'String',
  series: 'UInt64',
  source: 'UInt64',
  window_ms: 'UInt32',
  kind: 'Int8',
  value: 'Float64',
  count: 'UInt64',
  sum: 'Float64',
  zero_count: 'UInt64',
  bucket_indexes: 'Array(Int16)',
  bucket_counts: 'Array(UInt64)',
  region: 'String',
  host: 'String',
  app: 'String',
  instance: 'String',
  attributes: 'Map(String)',
  time: 'Int64',
  window_start: 'Int64',
  window_end: 'Int64',
  run: 'UUID',
  seq: 'UInt64',
  host_name: 'String',
  observed_ms: 'UInt32',
  customers: 'Array(String)',
  goodbye: 'UInt8',
  emitted_points: 'UInt64',
  stored_points: 'UInt64',
  rejected_points: 'UInt64',
  lost: 'Map(UInt64)',
  unattributed: 'Map(UInt64)',
  kafka_partition: 'UInt32',
  kafka_offset: 'UInt64',
  produced_at: 'Int64',
  position: 'UInt32',
  reason: 'String',
  cause: 'String',
  fault: 'String',
  place: 'String',
  way: 'String',
  protocol: 'String',
  source_address: 'String',
  source_port: 'UInt16',
  destination_address: 'String',
  destination_port: 'UInt16',
  length_bytes: 'UInt32',
  interface: 'String',
  minute: 'UInt32',
  writes: 'UInt64',
};

const KEYS: Readonly<Record<string, readonly string[]>> = {
  samples: ['customer', 'metric', 'series', 'time', 'source'],
  events: ['customer', 'time', 'source', 'position'],
  batches: ['host', 'window_start', 'run', 'seq'],
  touches: ['minute'],
};

/** The rows of an INSERT in one of the two formats that the writer uses. */
export function readRows(
  table: string,
  columns: readonly string[],
  format: string,
  bytes: Uint8Array,
): Row[] {
  if (format === 'Native') {
    return readNative(bytes).map((fields) => asRow(table, fields, Object.values(fields).join('|')));
  }
  const reader = new RowBinaryReader(bytes);
  const rows: Row[] = [];
  while (!reader.ended) {
    const from = reader.at;
    const fields: Record<string, unknown> = {};
    for (const column of columns) fields[column] = reader.value(TYPES[column] ?? column);
    rows.push(asRow(table, fields, reader.text(from)));
  }
  return rows;
}

function asRow(table: string, fields: Record<string, unknown>, content: string): Row {
  const keys = KEYS[table];
  if (keys === undefined) throw new TypeError(`the model has no table ${table}`);
  return { key: keys.map((key) => String(fields[key])).join('|'), content, fields };
}
