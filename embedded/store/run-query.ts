import { randomUUID } from 'node:crypto';
import type { StoreConfig } from './config.js';
import type { Engine, QueryOrder } from './engine/engine.js';
import type { RunningQuery } from './engine/query-pool.js';
import { refusal } from './errors.js';
import { contentType, isStreamable } from './formats.js';
import type { Exchange } from './http/front.js';
import { boundSettings } from './http/request.js';
import type { StoreMetrics } from './metrics.js';
import { readStatement } from './sql/statement.js';

export interface QueryRunner {
  readonly engine: Engine;
  readonly config: StoreConfig;
  readonly metrics: StoreMetrics;
  readonly inLane: (lane: QueryLane, work: () => Promise<void>, gone: AbortSignal) => Promise<void>;
}

/** Reads never wait for definitions or INSERT … SELECT, nor these for reads. */
export type QueryLane = 'reads' | 'statements';

/**
 * Runs one statement without data and sends its result.
 * @param text latin1, one character a byte
 * @throws StoreError when it is refused, or fails before the first byte
 */
export async function runQuery(runner: QueryRunner, exchange: Exchange, text: string): Promise<void> {
  const { lane, query } = planQuery(runner.config, exchange, text);
  const tag = `store:${randomUUID()}|`;
  const named = new Map(query.settings);
  named.set('log_comment', `${exchange.queryId.slice(0, 100)}|${named.get('log_comment') ?? ''}`);
  const work = async () => {
    const running = runner.engine.query(lane, { ...query, settings: named }, tag);
    const onGone = () => {
      runner.metrics.cancelled.inc();
      void runner.engine.cancel(tag, running.released).catch(() => undefined);
    };
    exchange.gone.addEventListener('abort', onGone, { once: true });
    if (exchange.gone.aborted) onGone();
    try {
      await send(exchange, running, query.format);
    } finally {
      exchange.gone.removeEventListener('abort', onGone);
      await running.close();
    }
  };
  await runner.inLane(lane, work, exchange.gone);
}

function planQuery(
  config: StoreConfig,
  exchange: Exchange,
  text: string,
): { lane: QueryLane; query: QueryOrder } {
  const { order } = exchange;
  const { access, tables } = order.user;
  const target = { tables, database: order.database };
  const statement = readStatement(text, access, order.parameters, target);
  const reads = statement.kind === 'select' || statement.kind === 'show' || statement.kind === 'explain';
  if (!reads && order.readOnly) throw refusal('READONLY', 'GET only reads: send this statement by POST');
  const format = statement.format ?? order.defaultFormat ?? 'TabSeparated';
  if (!/^[A-Za-z0-9]{1,64}$/.test(format)) throw refusal('UNKNOWN_FORMAT', 'The format must be a plain name');
  const extremes = order.settings.get('extremes') === '1';
  const streams =
    statement.kind === 'select' &&
    isStreamable(format) &&
    !statement.totals &&
    !extremes &&
    !order.wholeAnswer;
  const settings = boundSettings(order, config, reads && !streams);
  if (!reads && !settings.has('max_threads')) {
    settings.set('max_threads', String(config.BELLWETHER_STORE_STATEMENT_THREADS));
  }
  for (const [name, value] of order.parameters) settings.set(`param_${name}`, value);
  const mode = streams ? 'stream' : 'whole';
  const query = { sql: statement.text, format, mode, database: order.database, settings } as const;
  return { lane: reads ? 'reads' : 'statements', query };
}

/** Sends chunk by chunk; the head goes out with the first one, so that an early error has its own status. */
async function send(exchange: Exchange, running: RunningQuery, format: string): Promise<void> {
  const { answer, gone } = exchange;
  let chunk = await running.next();
  answer.begin({
    'Content-Type': contentType(format),
    'X-ClickHouse-Format': format,
    'X-ClickHouse-Timezone': 'UTC',
    ...summary(running),
  });
  while (chunk !== undefined) {
    await answer.write(chunk);
    if (gone.aborted) throw refusal('QUERY_WAS_CANCELLED', 'The client went away');
    chunk = await running.next();
  }
  await answer.end();
}

function summary(running: RunningQuery): Record<string, string> {
  const { statistics } = running;
  if (statistics === undefined) return {};
  return {
    'X-ClickHouse-Summary': JSON.stringify({
      read_rows: String(statistics.rowsRead),
      read_bytes: String(statistics.bytesRead),
      written_rows: '0',
      written_bytes: '0',
      total_rows_to_read: '0',
      result_rows: '0',
      result_bytes: '0',
      elapsed_ns: String(Math.round(statistics.elapsedSeconds * 1e9)),
    }),
  };
}
