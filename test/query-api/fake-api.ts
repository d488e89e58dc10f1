import type { FastifyInstance } from 'fastify';
import { BellwetherError } from '../../common/runtime/errors.js';
import { createLogger } from '../../common/runtime/log.js';
import { Principal } from '../../common/auth/principal.js';
import { makeToken } from '../../common/auth/token.js';
import { Gate } from '../../query-api/http/gate.js';
import type { Query } from '../../query-api/plan/query.js';
import { buildServer } from '../../query-api/server.js';

/** 2026-11-24T12:00:03Z */
export const NOW = Date.UTC(2026, 10, 24, 12, 0, 3);

export interface FakeApi {
  readonly app: FastifyInstance;
  readonly tokens: { readonly acme: string; readonly globex: string; readonly operator: string };
  /** Everything logged so far. */
  readonly logged: () => string;
  /** Plans that were run, by name. */
  readonly ran: Query<unknown>[];
  readonly get: (url: string, token?: string) => Promise<Answer>;
  readonly inject: (options: {
    method: 'GET' | 'HEAD' | 'POST' | 'OPTIONS' | 'DELETE';
    url: string;
    token?: string;
    payload?: string;
  }) => Promise<Answer>;
}

export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, unknown>>;
  readonly body: string;
}

/** The real server over a store that answers each plan with the rows given for its name. */
export async function fakeApi(
  options: {
    rows?: Record<string, unknown[]>;
    run?: (query: Query<unknown>, signal: AbortSignal) => Promise<void>;
    limitPerHolder?: number;
    consoleDirectory?: string;
  } = {},
): Promise<FakeApi> {
  const tokens = { acme: makeToken(), globex: makeToken(), operator: makeToken() };
  const principals = new Map([
    [tokens.acme, Principal.ofToken({ id: 'ta', role: 'customer', customer: 'acme' })],
    [tokens.globex, Principal.ofToken({ id: 'tg', role: 'customer', customer: 'globex' })],
    [tokens.operator, Principal.ofToken({ id: 'to', role: 'operator', customer: '' })],
  ]);
  const lines: string[] = [];
  const ran: Query<unknown>[] = [];
  const app = await buildServer({
    log: createLogger('query-api', 'trace', { write: (line) => void lines.push(line) }),
    authenticate: (token) => {
      const principal = principals.get(token);
      if (principal !== undefined) return Promise.resolve(principal);
      return Promise.reject(
        new BellwetherError('unauthorized', 'this token is not known, or it was revoked'),
      );
    },
    context: {
      executor: {
        async run<Row>(query: Query<Row>, signal: AbortSignal): Promise<Row[]> {
          ran.push(query);
          await options.run?.(query, signal);
          return (options.rows?.[query.name] ?? []).map((row) => query.row.parse(row));
        },
      },
      gate: new Gate({ limit: 4, limitPerHolder: options.limitPerHolder ?? 2, onRefused: () => undefined }),
      now: () => NOW,
      windowMs: 5_000,
      graceMs: 10_000,
      retention: { rawMs: 48 * 3_600_000, minuteMs: 30 * 24 * 3_600_000, rollupMonths: 13 },
      eventRetentionMs: 7 * 24 * 3_600_000,
      tokenCustomers: () => ['acme', 'globex'],
    },
    own: { notReady: () => undefined, metrics: () => Promise.resolve('# none\n'), metricsType: 'text/plain' },
    consoleDirectory: options.consoleDirectory ?? '/nonexistent',
    onAnswer: () => undefined,
  });
  const inject: FakeApi['inject'] = async ({ token, ...request }) => {
    const headers = token === undefined ? {} : { authorization: `Bearer ${token}` };
    const answer = await app.inject({ ...request, headers });
    return { status: answer.statusCode, headers: answer.headers, body: answer.body };
  };
  return {
    app,
    tokens,
    ran,
    inject,
    logged: () => lines.join(''),
    get: (url, token) => inject({ method: 'GET', url, ...(token === undefined ? {} : { token }) }),
  };
}
