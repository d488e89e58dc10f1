import type { IncomingMessage } from 'node:http';
import { availableParallelism } from 'node:os';
import type { StoreConfig } from '../config.js';
import { refusal } from '../errors.js';
import { demandSetting, PROTOCOL_PARAMETERS } from '../sql/settings.js';
import { authenticate, type User } from '../users.js';

export interface Order {
  readonly user: User;
  /** GET and HEAD read only, whoever asks, and so does who sets readonly. */
  readonly readOnly: boolean;
  readonly url: URL;
  readonly queryId: string | undefined;
  readonly database: string | undefined;
  /** The `query` parameter, UTF-8 bytes as latin1; undefined when the statement is in the body. */
  readonly queryText: string | undefined;
  readonly defaultFormat: string | undefined;
  readonly wholeAnswer: boolean;
  readonly settings: ReadonlyMap<string, string>;
  readonly parameters: ReadonlyMap<string, string>;
}

/** Reads who asks for what under which settings. @throws StoreError */
export function readOrder(request: IncomingMessage, url: URL, users: readonly User[]): Order {
  const user = identify(request, url, users);
  const query = url.searchParams;
  if (query.get('compress') === '1' || query.get('decompress') === '1') {
    throw refusal(
      'SUPPORT_IS_DISABLED',
      "The store does not speak ClickHouse's own compression (compress=1): use gzip",
    );
  }
  if (header(request, 'content-type')?.startsWith('multipart/') === true) {
    throw refusal('SUPPORT_IS_DISABLED', 'The store takes no multipart bodies: send parameters in the URL');
  }
  const database = query.get('database') ?? header(request, 'x-clickhouse-database');
  if (database !== undefined && !/^[A-Za-z_][A-Za-z0-9_]{0,63}$/.test(database)) {
    throw refusal('BAD_ARGUMENTS', 'The database must be a plain name');
  }
  const queryId = query.get('query_id') ?? undefined;
  if (queryId !== undefined && !/^[\x21-\x7e]{1,200}$/.test(queryId)) {
    throw refusal('BAD_ARGUMENTS', 'The query id must be 1 to 200 visible ASCII characters');
  }
  const text = query.get('query');
  return {
    user,
    readOnly: request.method !== 'POST' || /^[12]$/.test(query.get('readonly') ?? ''),
    url,
    queryId,
    database: database === 'default' ? undefined : database,
    queryText: text === null || text === '' ? undefined : Buffer.from(text, 'utf8').toString('latin1'),
    defaultFormat: query.get('default_format') ?? header(request, 'x-clickhouse-format'),
    wholeAnswer: isTrue(query.get('wait_end_of_query')) || isTrue(query.get('http_wait_end_of_query')),
    ...split(url, user),
  };
}

function identify(request: IncomingMessage, url: URL, users: readonly User[]): User {
  const { name, password } = credentials(request, url);
  const user = authenticate(users, name, password);
  if (user !== undefined) return user;
  throw refusal(
    'AUTHENTICATION_FAILED',
    `${name.slice(0, 64)}: Authentication failed: password is incorrect, or there is no user with such name`,
  );
}

function credentials(request: IncomingMessage, url: URL): { name: string; password: string } {
  const key = header(request, 'x-clickhouse-key');
  const name = header(request, 'x-clickhouse-user');
  if (name !== undefined || key !== undefined) return { name: name ?? 'default', password: key ?? '' };
  const basic = /^basic ([A-Za-z0-9+/=]+)$/i.exec(request.headers.authorization ?? '');
  if (basic?.[1] !== undefined) {
    const text = Buffer.from(basic[1], 'base64').toString('utf8');
    const colon = text.indexOf(':');
    return colon === -1
      ? { name: text, password: '' }
      : { name: text.slice(0, colon), password: text.slice(colon + 1) };
  }
  return {
    name: url.searchParams.get('user') ?? 'default',
    password: url.searchParams.get('password') ?? '',
  };
}

function split(url: URL, user: User): Pick<Order, 'settings' | 'parameters'> {
  const settings = new Map<string, string>();
  const parameters = new Map<string, string>();
  for (const [name, value] of url.searchParams) {
    if (name === 'log_comment') settings.set(name, value.slice(0, 1_000));
    if (PROTOCOL_PARAMETERS.has(name)) continue;
    if (value.includes('\0')) throw refusal('BAD_ARGUMENTS', `${name.slice(0, 80)} holds a NUL`);
    if (name.startsWith('param_')) {
      if (!/^param_[A-Za-z_0-9]{1,64}$/.test(name))
        throw refusal('BAD_ARGUMENTS', 'A parameter must be a plain name');
      parameters.set(name.slice('param_'.length), value);
      continue;
    }
    demandSetting(name, user.access);
    settings.set(name, value);
  }
  return { settings, parameters };
}

/** Adds the bounds that the user's access brings; what the user asks for can only be less. */
export function boundSettings(order: Order, config: StoreConfig, whole: boolean): Map<string, string> {
  const settings = new Map(order.settings);
  const cap = (name: string, limit: number) =>
    settings.set(name, String(capped(settings.get(name), limit, name)));
  cap('max_memory_usage', config.BELLWETHER_STORE_QUERY_MEMORY);
  if (settings.has('max_threads')) cap('max_threads', 4 * availableParallelism());
  if (whole) cap('max_result_bytes', config.BELLWETHER_STORE_WHOLE_BYTES);
  if (order.user.access === 'read') {
    cap('max_execution_time', config.BELLWETHER_STORE_READ_SECONDS);
    cap('max_result_rows', config.BELLWETHER_STORE_READ_RESULT_ROWS);
    cap('max_result_bytes', config.BELLWETHER_STORE_READ_RESULT_BYTES);
    cap('max_rows_to_read', config.BELLWETHER_STORE_READ_ROWS);
  }
  if (order.user.access === 'read' || order.readOnly) settings.set('readonly', '1');
  return settings;
}

/** 0 means no limit in ClickHouse, so it becomes the cap. */
function capped(asked: string | undefined, limit: number, name: string): number {
  if (asked === undefined) return limit;
  const value = Number(asked);
  if (!Number.isFinite(value) || value < 0)
    throw refusal('BAD_ARGUMENTS', `${name} must be a number, 0 or more`);
  return value === 0 ? limit : Math.min(value, limit);
}

export function header(request: IncomingMessage, name: string): string | undefined {
  const value = request.headers[name];
  return typeof value === 'string' && value !== '' ? value : undefined;
}

const isTrue = (text: string | null) => text === '1' || text === 'true';
