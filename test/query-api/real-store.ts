import { spawn, type ChildProcess } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { connectClickHouse, DATABASE, type ClickHouseClient } from '../../common/clickhouse/connection.js';
import { migrate } from '../../schema/migrate.js';

/** A store of one test file, migrated, in its own process as in production. */
export interface RealStore {
  readonly admin: ClickHouseClient;
  readonly adminUrl: string;
  readonly readerUrl: string;
  readonly stop: () => Promise<void>;
}

/** An API over such a store. */
export interface RealApi extends RealStore {
  readonly api: string;
  /** What the API wrote to its log. */
  readonly apiLog: () => string;
}

const READY_WITHIN_MS = 60_000;

export async function startRealStore(): Promise<RealStore> {
  const directory = mkdtempSync(path.join(tmpdir(), 'bellwether-api-test-'));
  const port = await freePort();
  const users = ['admin', 'read'].map((access) => ({ access, password: randomBytes(12).toString('hex') }));
  const urlOf = (name: string) =>
    `http://${name}:${users.find((user) => user.access === name)?.password ?? ''}@127.0.0.1:${port}`;
  const store = run('../../embedded/store/main.js', {
    BELLWETHER_STORE_PORT: String(port),
    BELLWETHER_STORE_DIR: directory,
    BELLWETHER_STORE_USERS: JSON.stringify(
      users.map(({ access, password }) => ({
        name: access,
        access,
        sha256: createHash('sha256').update(password).digest('hex'),
      })),
    ),
  });
  const admin = connectClickHouse({ url: urlOf('admin'), application: 'test' });
  const stop = async () => {
    await admin.close();
    await end(store.child);
    rmSync(directory, { recursive: true, force: true });
  };
  try {
    await until('the store', async () => (await fetch(`http://127.0.0.1:${port}/ping`)).ok, store);
    await migrate({
      client: admin,
      settings: { database: DATABASE, rawRetentionHours: 48, eventRetentionDays: 7 },
    });
    return { admin, adminUrl: urlOf('admin'), readerUrl: urlOf('read'), stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

export async function startRealApi(): Promise<RealApi> {
  const store = await startRealStore();
  const port = await freePort();
  const api = run('../../query-api/main.js', {
    CLICKHOUSE_URL: store.readerUrl,
    BELLWETHER_API_PORT: String(port),
    LOG_LEVEL: 'debug',
  });
  const stop = async () => {
    await end(api.child);
    await store.stop();
  };
  const url = `http://127.0.0.1:${port}`;
  try {
    await until('the API', async () => (await fetch(`${url}/readyz`)).ok, api);
    return { ...store, api: url, apiLog: api.output, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

interface Running {
  readonly child: ChildProcess;
  readonly output: () => string;
}

function run(script: string, environment: Record<string, string>): Running {
  const file = fileURLToPath(new URL(script, import.meta.url));
  const chunks: string[] = [];
  const child = spawn(process.execPath, [file], {
    env: { PATH: process.env['PATH'], ...environment },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (chunk: string) => void chunks.push(chunk));
  }
  return { child, output: () => chunks.join('') };
}

async function until(what: string, ready: () => Promise<boolean>, running: Running): Promise<void> {
  const deadline = Date.now() + READY_WITHIN_MS;
  while (!(await ready().catch(() => false))) {
    if (running.child.exitCode !== null || Date.now() > deadline) {
      throw new Error(`${what} did not get ready: ${running.output()}`);
    }
    await sleep(50);
  }
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null) return;
  const ended = new Promise((resolve) => child.once('exit', resolve));
  child.kill('SIGTERM');
  await ended;
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      server.close(() => {
        if (address !== null && typeof address === 'object') resolve(address.port);
        else reject(new Error('no port'));
      });
    });
  });
}
