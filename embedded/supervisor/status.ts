import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import { connectClickHouse, DATABASE, type ClickHouseClient } from '../../common/clickhouse/connection.js';
import { metricTotal } from './metrics-text.js';
import type { StackFile } from './stack-file.js';
import type { Terminal } from './terminal.js';

/** What flows through a stack, over the last half minute; undefined where it cannot be known now. */
export interface Status {
  readonly pointsPerSecond: number | undefined;
  /** Packets, without those that healthy traffic drops. */
  readonly dropsPerSecond: number | undefined;
  /** Messages that are in Kafka and not yet in the store. */
  readonly lagMessages: number | undefined;
  /** Age of the end of the newest window that is stored, seconds. */
  readonly freshSeconds: number | undefined;
}

const SPAN_SECONDS = 30;
const REQUEST_LIMIT_MS = 4_000;
const REFRESH_MS = 2_000;

const row = z.object({
  points: z.coerce.number(),
  newest_ms: z.coerce.number(),
  drops: z.coerce.number(),
});

/** No window is longer than an hour; without a bound on the key's column the whole ledger would be read. */
const RECENT = 'window_start > now64(3) - 7200';
const QUERY = `SELECT
  (SELECT sum(stored_points) FROM ${DATABASE}.fleet WHERE ${RECENT} AND window_end > now64(3) - ${String(SPAN_SECONDS)}) AS points,
  (SELECT toUnixTimestamp64Milli(max(window_end)) FROM ${DATABASE}.fleet WHERE ${RECENT} AND window_end > now64(3) - 3600) AS newest_ms,
  (SELECT sum(packets) FROM ${DATABASE}.drops
    WHERE time > now64(3) - ${String(SPAN_SECONDS)} AND cause != 'normal') AS drops`;

const NOTHING: Status = {
  pointsPerSecond: undefined,
  dropsPerSecond: undefined,
  lagMessages: undefined,
  freshSeconds: undefined,
};

async function readFlow(client: ClickHouseClient): Promise<Omit<Status, 'lagMessages'>> {
  const answer = await client.query({
    query: QUERY,
    format: 'JSONEachRow',
    abort_signal: AbortSignal.timeout(REQUEST_LIMIT_MS),
  });
  const [found] = z.array(row).parse(await answer.json());
  if (found === undefined) return NOTHING;
  return {
    pointsPerSecond: found.points / SPAN_SECONDS,
    dropsPerSecond: found.drops / SPAN_SECONDS,
    freshSeconds: found.newest_ms === 0 ? undefined : (Date.now() - found.newest_ms) / 1000,
  };
}

async function readLag(stack: StackFile): Promise<number | undefined> {
  const { hostname } = new URL(stack.urls.api);
  const url = `http://${hostname}:${String(stack.ports['writer'] ?? 0)}/metrics`;
  const answer = await fetch(url, { signal: AbortSignal.timeout(REQUEST_LIMIT_MS) });
  return metricTotal(await answer.text(), 'bellwether_writer_lag_messages');
}

async function readWith(client: ClickHouseClient, stack: StackFile): Promise<Status> {
  const [flow, lagMessages] = await Promise.all([
    readFlow(client).catch(() => NOTHING),
    readLag(stack).catch(() => undefined),
  ]);
  return { ...flow, lagMessages };
}

function connectTo(stack: StackFile): ClickHouseClient {
  const url = readFileSync(stack.urlFiles.clickhouseAdmin, 'utf8').trim();
  return connectClickHouse({ url, application: 'bellwether-status', maxOpenConnections: 2 });
}

/** What flows now. */
export async function readStatus(stack: StackFile): Promise<Status> {
  const client = connectTo(stack);
  try {
    return await readWith(client, stack);
  } finally {
    await client.close();
  }
}

/** One line; what is not known is shown as `?`, never as 0. */
export function statusText(status: Status): string {
  const number = (value: number | undefined, digits: number) => value?.toFixed(digits) ?? '?';
  const fresh = () => {
    if (status.freshSeconds !== undefined) return `fresh to ${number(status.freshSeconds, 0)} s ago`;
    return status.pointsPerSecond === undefined ? 'the store does not answer' : 'nothing stored yet';
  };
  return [
    `${number(status.pointsPerSecond, 1)} points/s`,
    `${number(status.dropsPerSecond, 1)} drops/s`,
    `lag ${number(status.lagMessages, 0)} messages`,
    fresh(),
  ].join(' · ');
}

export interface StatusInput {
  /** As of now, at each call. */
  readonly describe: () => StackFile;
  readonly terminal: Terminal;
  readonly signal: AbortSignal;
}

/** Redraws the live line until the stack stops. */
export async function watchStatus({ describe, terminal, signal }: StatusInput): Promise<void> {
  const client = connectTo(describe());
  const isOver = () => signal.aborted;
  try {
    while (!isOver()) {
      const { parts } = describe();
      const well = parts.filter(({ state }) => state === 'ready').length;
      const flow = statusText(await readWith(client, describe()));
      // The stop may have come while the answers were out.
      if (!isOver()) terminal.live(`${flow} · ${String(well)} of ${String(parts.length)} processes ready`);
      await sleep(REFRESH_MS, undefined, { signal }).catch(() => undefined);
    }
  } finally {
    await client.close();
  }
}
