import { ClickHouseError } from '@clickhouse/client';
import { z } from 'zod';
import { DATABASE, type ClickHouseClient } from '../../common/clickhouse/connection.js';
import { BellwetherError, messageOf, type ErrorCode } from '../../common/runtime/errors.js';
import type { Logger } from '../../common/runtime/log.js';
import { queryAttributes, spansOf } from '../../common/telemetry/telemetry.js';
import type { Query } from './query.js';

/** Runs plans; `signal` ends them when the client has gone away. */
export interface Executor {
  run<Row>(query: Query<Row>, signal: AbortSignal): Promise<Row[]>;
}

export interface ExecutorOptions {
  readonly client: Pick<ClickHouseClient, 'query'>;
  readonly log: Logger;
  /** Called once a query with its outcome: `ok`, `cancelled` or an error code. */
  readonly observe: (name: string, outcome: string, seconds: number) => void;
}

const inSpan = spansOf('query-api');

interface Verdict {
  readonly code: ErrorCode;
  readonly says: string;
}

const TOO_MUCH: Verdict = {
  code: 'too_many_points',
  says: 'the answer would be too large; right would be a shorter range or a longer step',
};
const TOO_SLOW: Verdict = {
  code: 'query_timeout',
  says: 'the query was ended because it took too long; a shorter range costs less',
};
const AWAY: Verdict = { code: 'store_unavailable', says: 'the store does not answer now; try again' };
const BUSY: Verdict = {
  code: 'too_many_requests',
  says: 'the store has as many queries under way as it takes; try again in a second',
};

/** What the engine's error codes mean to whoever asked. Its own words stay in the log: they hold SQL. */
const BY_ENGINE_CODE: Readonly<Record<string, Verdict>> = {
  '158': TOO_MUCH, // TOO_MANY_ROWS
  '307': TOO_MUCH, // TOO_MANY_BYTES
  '396': TOO_MUCH, // TOO_MANY_ROWS_OR_BYTES
  '241': TOO_MUCH, // MEMORY_LIMIT_EXCEEDED
  '159': TOO_SLOW, // TIMEOUT_EXCEEDED
  '160': TOO_SLOW, // TOO_SLOW
  '202': BUSY, // TOO_MANY_SIMULTANEOUS_QUERIES
  '60': AWAY, // UNKNOWN_TABLE: not migrated yet
  '81': AWAY, // UNKNOWN_DATABASE: not migrated yet
  '516': AWAY, // AUTHENTICATION_FAILED: our own configuration
  '192': AWAY, // UNKNOWN_USER
};

/** Runs plans at a ClickHouse, each read-only and bounded. */
export function createExecutor(options: ExecutorOptions): Executor {
  return {
    async run<Row>(query: Query<Row>, signal: AbortSignal): Promise<Row[]> {
      const began = performance.now();
      const observe = (outcome: string) =>
        options.observe(query.name, outcome, (performance.now() - began) / 1000);
      try {
        const rows = await inSpan(
          `SELECT ${query.name}`,
          () => fetchRows(options.client, query, signal),
          () => ({ kind: 'client', attributes: queryAttributes(DATABASE, query.name) }),
        );
        observe('ok');
        return rows;
      } catch (error) {
        if (signal.aborted) {
          observe('cancelled');
          throw new BellwetherError('internal', 'the request was cancelled', { cause: error });
        }
        const verdict = judge(error);
        observe(verdict.code);
        options.log.warn(
          { query: query.name, code: verdict.code, error: messageOf(error) },
          'a query failed',
        );
        throw new BellwetherError(verdict.code, verdict.says, { cause: error });
      }
    },
  };
}

async function fetchRows<Row>(
  client: Pick<ClickHouseClient, 'query'>,
  query: Query<Row>,
  signal: AbortSignal,
): Promise<Row[]> {
  const { bounds } = query;
  const answer = await client.query({
    query: query.text,
    query_params: { ...query.parameters },
    format: 'JSONEachRow',
    abort_signal: signal,
    clickhouse_settings: {
      readonly: '1',
      max_execution_time: bounds.maxExecutionSeconds,
      max_result_rows: String(bounds.maxResultRows),
      max_result_bytes: String(bounds.maxResultBytes),
      result_overflow_mode: 'throw',
      cancel_http_readonly_queries_on_client_close: 1,
      // An error in the middle of an answer arrives as an error, not as a short answer.
      wait_end_of_query: 1,
    },
  });
  return z.array(query.row).parse(await answer.json());
}

function judge(error: unknown): Verdict {
  if (error instanceof ClickHouseError) {
    return BY_ENGINE_CODE[error.code] ?? { code: 'internal', says: 'the query failed' };
  }
  if (error instanceof z.ZodError)
    return { code: 'internal', says: 'the store gave an answer of another shape' };
  if (messageOf(error).startsWith('Timeout')) return TOO_SLOW;
  return AWAY;
}
