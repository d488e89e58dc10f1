import { ClickHouseLogLevel, createClient, type ClickHouseClient } from '@clickhouse/client';
import { PASSWORD, startStore, type RunningStore, type StorePlace, type Who } from '../../support/store.js';

/** A running store with what its own tests send it. */
export interface StoreUnderTest extends RunningStore {
  client(who: Who, options?: Parameters<typeof createClient>[0]): ClickHouseClient;
  /** A plain HTTP request as that user. */
  send(
    who: Who | undefined,
    body: string | Buffer | undefined,
    query?: Record<string, string>,
  ): Promise<Reply>;
}

export interface Reply {
  readonly status: number;
  readonly code: string | undefined;
  readonly text: string;
  readonly headers: Headers;
}

/** As `startStore`. */
export async function startStoreUnderTest(
  variables?: Record<string, string>,
  place?: StorePlace,
): Promise<StoreUnderTest> {
  const store = await startStore(variables, place);
  return {
    ...store,
    client: (who, options = {}) =>
      createClient({ url: store.url(who), log: { level: ClickHouseLogLevel.OFF }, ...options }),
    send: (who, body, query = {}) => send(store.port, who, body, query),
  };
}

async function send(
  port: number,
  who: Who | undefined,
  body: string | Buffer | undefined,
  query: Record<string, string>,
): Promise<Reply> {
  const search = new URLSearchParams(query).toString();
  const response = await fetch(`http://127.0.0.1:${port}/${search === '' ? '' : `?${search}`}`, {
    method: body === undefined ? 'GET' : 'POST',
    headers: who === undefined ? {} : { 'X-ClickHouse-User': who, 'X-ClickHouse-Key': PASSWORD },
    ...(body === undefined ? {} : { body: typeof body === 'string' ? body : new Uint8Array(body) }),
  });
  return {
    status: response.status,
    code: response.headers.get('x-clickhouse-exception-code') ?? undefined,
    text: await response.text(),
    headers: response.headers,
  };
}
