/** Rows of one message for one table, as RowBinary. */
export interface TableRows {
  readonly bytes: Uint8Array;
  readonly rows: number;
}

/** Column lists in the order in which the encoders write; the INSERT names them. */
export const COLUMNS = {
  /** Rows of `samples`: points of others. Those of our agents are inserted as blocks (samples-block.ts). */
  foreign: [
    'customer',
    'metric',
    'series',
    'kind',
    'region',
    'host',
    'app',
    'instance',
    'attributes',
    'unit',
    'bounds',
    'time',
    'start_time',
    'source',
    'window_ms',
    'value',
    'count',
    'sum',
    'zero_count',
    'bucket_indexes',
    'bucket_counts',
  ],
  events: [
    'customer',
    'time',
    'source',
    'position',
    'region',
    'host',
    'app',
    'instance',
    'reason',
    'cause',
    'fault',
    'place',
    'way',
    'protocol',
    'source_address',
    'source_port',
    'destination_address',
    'destination_port',
    'length_bytes',
    'interface',
  ],
  batches: [
    'host',
    'window_start',
    'window_end',
    'run',
    'seq',
    'host_name',
    'region',
    'observed_ms',
    'customers',
    'goodbye',
    'emitted_points',
    'stored_points',
    'rejected_points',
    'lost',
    'unattributed',
    'kafka_partition',
    'kafka_offset',
    'produced_at',
  ],
  touches: ['minute', 'writes'],
} as const;

export type TableName = keyof typeof COLUMNS;
/** Those of which each message has rows of its own; `touches` has some of a whole flush. */
export type MessageTable = Exclude<TableName, 'touches'>;

/** The table that rows go into. */
export function tableOf(name: TableName): string {
  return name === 'foreign' ? 'samples' : name;
}
