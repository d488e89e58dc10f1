import { createHash, randomBytes } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { DATABASE } from '../../common/clickhouse/connection.js';
import { writePrivate, type HomePaths } from './home.js';

const ACCESS = { admin: 'admin', writer: 'write', rollup: 'write', reader: 'read' } as const;

/** The only tables that each may write to: not the tokens, with which it could make itself an operator. */
const TABLES: Readonly<Partial<Record<StoreUser, readonly string[]>>> = {
  writer: ['samples', 'events', 'batches', 'touches'],
  rollup: ['minutes', 'hours', 'days', 'seals', 'baselines'],
};

export type StoreUser = keyof typeof ACCESS;

/** How each service reaches the store: URLs with credentials, never logged and never in stack.json. */
export interface StoreAccess {
  readonly urlOf: (user: StoreUser) => string;
  /** Value of BELLWETHER_STORE_USERS: hashes only, because SQL can read the store's environment. */
  readonly storeUsers: string;
  /** 0600 file that holds the URL with admin credentials. */
  readonly adminUrlFile: string;
}

function password(path: string): string {
  if (existsSync(path)) {
    const kept = readFileSync(path, 'utf8').trim();
    if (kept !== '') return kept;
  }
  const made = randomBytes(24).toString('base64url');
  writePrivate(path, `${made}\n`);
  return made;
}

function limitedTo(tables: readonly string[] | undefined): { tables?: string[] } {
  return tables === undefined ? {} : { tables: tables.map((table) => `${DATABASE}.${table}`) };
}

/** Makes the store's passwords once, or takes the URL of a real ClickHouse for everybody. */
export function prepareStoreAccess(
  paths: HomePaths,
  storeAddress: string,
  externalUrl: string | undefined,
): StoreAccess {
  const names = ['admin', 'writer', 'rollup', 'reader'] as const;
  const passwords = new Map<StoreUser, string>(
    names.map((name) => [name, password(join(paths.secrets, `store-${name}`))]),
  );
  const urlOf = (user: StoreUser) => {
    if (externalUrl !== undefined) return externalUrl;
    const url = new URL(storeAddress);
    url.username = user;
    url.password = passwords.get(user) ?? '';
    return url.href.replace(/\/$/, '');
  };
  const adminUrlFile = join(paths.secrets, 'clickhouse-admin.url');
  writePrivate(adminUrlFile, `${urlOf('admin')}\n`);
  const storeUsers = names.map((name) => ({
    name,
    sha256: createHash('sha256')
      .update(passwords.get(name) ?? '')
      .digest('hex'),
    access: ACCESS[name],
    ...limitedTo(TABLES[name]),
  }));
  return { urlOf, storeUsers: JSON.stringify(storeUsers), adminUrlFile };
}
