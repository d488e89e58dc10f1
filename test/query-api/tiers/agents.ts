import fc from 'fast-check';
import type { ClickHouseClient } from '../../../common/clickhouse/connection.js';
import { insertBatches, insertSamples, type SampleRow } from '../rows.js';

/** One host's message of a window with some rows, as our agents send them. */
export interface AgentWrite {
  readonly startMs: number;
  readonly host: string;
  readonly rows: readonly SampleRow[];
}

export const CUSTOMERS = ['acme', 'globex', 'initech'] as const;
const HOSTS = ['h1', 'h2'] as const;
const APPS = ['web', 'db'] as const;
const REASONS = [
  ['NO_SOCKET', 'no_listener', 'customer'],
  ['NETFILTER_DROP', 'policy', 'customer'],
  ['NETFILTER_DROP', 'policy', 'platform'],
  ['QDISC_DROP', 'host_congestion', 'platform'],
] as const;

/** Sums of these are exact in any order, so that answers can be compared to the last bit. */
const UNIT = 2 ** -20;

const latency = fc
  .record({
    metric: fc.constantFrom('tcp.rtt', 'tcp.connect.duration'),
    buckets: fc.dictionary(
      fc.integer({ min: -80, max: 20 }).map(String),
      fc.integer({ min: 1, max: 2 ** 40 }),
      { minKeys: 1, maxKeys: 5 },
    ),
    sum: fc.integer({ min: 0, max: 1_000_000 }).map((units) => units * UNIT),
  })
  .map((row) => ({ ...row, buckets: Object.fromEntries(Object.entries(row.buckets)) }));

const drop = fc
  .record({
    metric: fc.constantFrom('packet.drops', 'packet.drop.bytes'),
    value: fc.integer({ min: 1, max: 1_000_000 }),
    reason: fc.constantFrom(...REASONS),
    place: fc.constantFrom('input', 'forward'),
  })
  .map(({ reason: [reason, cause, fault], place, ...row }) => ({
    ...row,
    attributes: {
      ...{ 'drop.reason': reason, 'drop.cause': cause, 'drop.fault': fault },
      ...{ 'drop.place': place, 'drop.way': 'rx_socket' },
    },
  }));

const row = fc
  .tuple(fc.constantFrom(...CUSTOMERS), fc.constantFrom(...APPS), fc.oneof(latency, drop))
  .map(([customer, app, rest]) => ({ customer, app, instance: `${app}-1`, ...rest }));

/** A message of one of the windows of the minutes. */
export function agentWrites(minutes: readonly number[]): fc.Arbitrary<AgentWrite> {
  return fc
    .record({
      minute: fc.constantFrom(...minutes),
      window: fc.integer({ min: 0, max: 11 }),
      host: fc.constantFrom(...HOSTS),
      rows: fc.array(row, { maxLength: 6 }),
    })
    .map(({ minute, window, host, rows }) => {
      const startMs = minute + window * 5_000;
      return { startMs, host, rows: rows.map((one) => ({ ...one, host, startMs })) };
    });
}

/**
 * Stores the writes as the writer does. A second message of the same window is another run of the agent;
 * the same write again is a replay, whose rows are there already.
 */
export async function storeAgentWrites(
  admin: ClickHouseClient,
  writes: readonly AgentWrite[],
  numberOf: (write: AgentWrite) => number,
): Promise<void> {
  const rows = writes.flatMap((write) =>
    oncePerSeries(write.rows).map((one) => ({ ...one, source: numberOf(write) })),
  );
  await insertSamples(admin, rows);
  const batches = writes.map((write) => ({
    host: write.host,
    startMs: write.startMs,
    seq: numberOf(write),
    customers: CUSTOMERS,
  }));
  await insertBatches(admin, batches);
}

/** A message holds a series once: the writer merges points that fall on the same key. */
function oncePerSeries(rows: readonly SampleRow[]): SampleRow[] {
  const bySeries = rows.map((one) => {
    const { customer, metric, app, attributes } = one;
    return [JSON.stringify([customer, metric, app, attributes]), one] as const;
  });
  return [...new Map(bySeries).values()];
}
