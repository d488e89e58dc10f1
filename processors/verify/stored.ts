import { z } from 'zod';
import { DATABASE, type ClickHouseClient } from '../../common/clickhouse/connection.js';
import { SIGNALS } from '../../common/signals/catalogue.js';
import { CHECKSUM_SQL, type Checksum } from './checksum.js';
import type { Said } from './said.js';

const bigint = z.string().transform((text) => BigInt(text));
const checksumRow = z.tuple([z.string(), z.coerce.number(), z.number(), bigint, bigint, z.number(), bigint]);
const strayRow = z.object({ host: z.string(), windowMs: z.coerce.number(), rows: z.coerce.number() });

const HOUR_MS = 3_600_000;
/** Above this an hour is read whole: a list would be longer than what it saves. */
const LISTED_SOURCES = 2_000;
/** 64-bit numbers as text: they do not fit into a double. */
const SETTINGS = { output_format_json_quote_64bit_integers: 1 } as const;

/** Rows without a message that stands for them. */
export type Stray = z.output<typeof strayRow>;

/**
 * What `samples` holds of these messages, by source. Each hour that they speak of is read once, as readers see
 * it (`FINAL`): that is what takes the time.
 */
export async function readStored(
  client: ClickHouseClient,
  messages: readonly Said[],
): Promise<Map<string, Checksum>> {
  const stored = new Map<string, Checksum>();
  for (const [hourMs, sources] of byHour(messages)) {
    for await (const [source, checksum] of readHour(client, hourMs, sources)) {
      if (!sources.has(source)) continue;
      stored.set(source, add(stored.get(source), checksum));
    }
  }
  return stored;
}

/** Sources that have rows in an hour; one whose times lie in several hours is in each. */
function byHour(messages: readonly Said[]): Map<number, Set<string>> {
  const hours = new Map<number, Set<string>>();
  for (const { source, fromMs, toMs } of messages) {
    if (source === undefined) continue;
    for (let hour = Math.floor(fromMs / HOUR_MS) * HOUR_MS; hour <= toMs; hour += HOUR_MS) {
      const sources = hours.get(hour) ?? new Set();
      hours.set(hour, sources.add(source));
    }
  }
  return hours;
}

async function* readHour(
  client: ClickHouseClient,
  hourMs: number,
  sources: ReadonlySet<string>,
): AsyncGenerator<[string, Checksum]> {
  const listed = sources.size <= LISTED_SOURCES ? `AND source IN (${[...sources].join(', ')})` : '';
  const result = await client.query({
    query: `SELECT source, ${CHECKSUM_SQL.totals} FROM (
              SELECT source, value, count, zero_count, sum, ${CHECKSUM_SQL.weight} AS weight, ${CHECKSUM_SQL.buckets} AS buckets
              FROM ${DATABASE}.samples FINAL
              WHERE time >= {from:DateTime64(3, 'UTC')} AND time < {to:DateTime64(3, 'UTC')} ${listed}
            ) GROUP BY source`,
    query_params: { from: new Date(hourMs), to: new Date(hourMs + HOUR_MS) },
    format: 'JSONCompactEachRow',
    clickhouse_settings: SETTINGS,
  });
  for await (const rows of result.stream()) {
    for (const row of rows) {
      const [source, count, value, counts, zeroCount, sum, buckets] = checksumRow.parse(row.json());
      yield [source, { rows: count, value, count: counts, zeroCount, sum, buckets }];
    }
  }
}

function add(a: Checksum | undefined, b: Checksum): Checksum {
  if (a === undefined) return b;
  return {
    rows: a.rows + b.rows,
    value: a.value + b.value,
    count: a.count + b.count,
    zeroCount: a.zeroCount + b.zeroCount,
    sum: a.sum + b.sum,
    buckets: a.buckets + b.buckets,
  };
}

/**
 * Rows of agents in [fromMs, toMs) for which the ledger has no batch: written, and their message never came to its
 * end; or under a false identity, so that they are counted twice. By host and window.
 */
export async function readStrays(client: ClickHouseClient, fromMs: number, toMs: number): Promise<Stray[]> {
  const result = await client.query({
    query: `SELECT host, toUnixTimestamp64Milli(time) AS windowMs, count() AS rows
            FROM ${DATABASE}.samples FINAL
            WHERE time >= {from:DateTime64(3, 'UTC')} AND time < {to:DateTime64(3, 'UTC')} AND metric IN {metrics:Array(String)}
              AND (time, source) NOT IN (
                SELECT window_start, reinterpretAsUInt64(substring(SHA256(concat(host, '\\0', toString(run), '\\0', toString(seq))), 1, 8))
                FROM ${DATABASE}.batches
                WHERE window_start >= {from:DateTime64(3, 'UTC')} AND window_start < {to:DateTime64(3, 'UTC')})
            GROUP BY host, time ORDER BY time, host LIMIT {limit:UInt32}`,
    query_params: {
      from: new Date(fromMs),
      to: new Date(toMs),
      metrics: SIGNALS.map(({ name }) => name),
      limit: STRAY_LIMIT,
    },
    format: 'JSONEachRow',
  });
  return z.array(strayRow).parse(await result.json());
}

/** Host-windows with such rows that are told of one hour. */
const STRAY_LIMIT = 10_000;
