import { ClickHouseLogLevel, createClient, type ClickHouseClient } from '@clickhouse/client';

export type { ClickHouseClient };

/** The database that all tables are in. */
export const DATABASE = 'bellwether';

export interface ConnectionOptions {
  /** `http://user:password@host:port`; the embedded store and any real ClickHouse alike. */
  readonly url: string;
  readonly application: string;
  readonly requestTimeoutMs?: number;
  readonly maxOpenConnections?: number;
}

/** An unmodified ClickHouse client. Retries of what was sent over a dead socket must be harmless. */
export function connectClickHouse(options: ConnectionOptions): ClickHouseClient {
  return createClient({
    url: options.url,
    application: options.application,
    request_timeout: options.requestTimeoutMs ?? 30_000,
    max_open_connections: options.maxOpenConnections ?? 10,
    // Each caller says what failed, in our own log; the client's own lines are no JSON and hold parameters.
    log: { level: ClickHouseLogLevel.OFF },
    // The store closes idle sockets after 10 s; the client must let go of them first,
    // or a request meets a socket that dies under it ("socket hang up").
    keep_alive: { enabled: true, idle_socket_ttl: 2_500 },
  });
}
