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

/** A store and an API of one test file, each its own process, as in production. */
export interface RealStore {
  readonly admin: ClickHouseClient;
  readonly adminUrl: string;
  readonly api: string;
  /** What the API wrote to its log. */
  readonly apiLog: () => string;
  readonly stop: () => Promise<void>;
}

const READY_WITHIN_MS = 60_000;

export async function startRealStore(): Promise<RealStore> {
  const directory = mkdtempSync(path.join(tmpdir(), 'bellwether-api-test-'));
  const children: ChildProcess[] = [];
  const stop = async () => {
    for (const child of children.reverse()) await end(child);
    rmSync(directory, { recursive: true, force: true });
  };
  try {
    const [storePort, apiPort] = [await freePort(), await freePort()];
    const users = ['admin', 'read'].map((access) => ({ access, password: randomBytes(12).toString('hex') }));
    const urlOf = (name: string) =>
      `http://${name}:${users.find((user) => user.access === name)?.password ?? ''}@127.0.0.1:${storePort}`;
    const store = run('../../embedded/store/main.js', {
      BELLWETHER_STORE_PORT: String(storePort),
      BELLWETHER_STORE_DIR: directory,
      BELLWETHER_STORE_USERS: JSON.stringify(
        users.map(({ access, password }) => ({
          name: access,
          access,
          sha256: createHash('sha256').update(password).digest('hex'),
        })),
      ),
    });
    children.push(store.child);
    const admin = connectClickHouse({ url: urlOf('admin'), application: 'test' });
    await until('the store', async () => (await fetch(`http://127.0.0.1:${storePort}/ping`)).ok, store);
    await migrate({
      client: admin,
      settings: { database: DATABASE, rawRetentionHours: 48, eventRetentionDays: 7 },
    });
    const api = run('../../query-api/main.js', {
      CLICKHOUSE_URL: urlOf('read'),
      BELLWETHER_API_PORT: String(apiPort),
      LOG_LEVEL: 'debug',
    });
    children.push(api.child);
    const url = `http://127.0.0.1:${apiPort}`;
    await until('the API', async () => (await fetch(`${url}/readyz`)).ok, api);
    return {
      admin,
      adminUrl: urlOf('admin'),
      api: url,
      apiLog: api.output,
      stop: async () => {
        await admin.close();
        await stop();
      },
    };
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
