import { spawn, type ChildProcess } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { ClickHouseLogLevel, createClient, type ClickHouseClient } from '@clickhouse/client';
import { z } from 'zod';

export type Who = 'admin' | 'writer' | 'reader';
/** The password of each user of a test store. */
export const PASSWORD = 'only for tests';

export interface RunningStore {
  readonly port: number;
  readonly pid: number;
  readonly directory: string;
  /** Lines of its log so far. */
  readonly log: readonly string[];
  url(who: Who): string;
  client(who: Who, options?: Parameters<typeof createClient>[0]): ClickHouseClient;
  /** A plain HTTP request as that user. */
  send(
    who: Who | undefined,
    body: string | Buffer | undefined,
    query?: Record<string, string>,
  ): Promise<Reply>;
  signal(signal: NodeJS.Signals): void;
  /** Resolves with the exit code, or the signal's name. */
  readonly exited: Promise<number | string>;
  /** Ends the process and removes its directory. */
  stop(): Promise<void>;
}

export interface Reply {
  readonly status: number;
  readonly code: string | undefined;
  readonly text: string;
  readonly headers: Headers;
}

const MAIN = fileURLToPath(new URL('../../../embedded/store/main.js', import.meta.url));
/** How long a store may take to start on a busy machine, milliseconds. */
const START_LIMIT_MS = 60_000;
const listening = z.object({ msg: z.literal('the store listens'), port: z.number() });

/** Starts the real store as its own process, on a free port and in a directory of its own. */
export async function startStore(environment: Record<string, string> = {}): Promise<RunningStore> {
  const directory = await mkdtemp(join(tmpdir(), 'bellwether-store-test-'));
  const sha256 = createHash('sha256').update(PASSWORD).digest('hex');
  const users = [
    { name: 'admin', sha256, access: 'admin' },
    { name: 'writer', sha256, access: 'write' },
    { name: 'reader', sha256, access: 'read' },
  ];
  const child = spawn(process.execPath, [MAIN], {
    env: {
      PATH: process.env.PATH,
      // Not the machine's zone: the store answers in UTC wherever it runs.
      TZ: 'Asia/Tokyo',
      BELLWETHER_STORE_DIR: directory,
      BELLWETHER_STORE_PORT: '0',
      BELLWETHER_STORE_USERS: JSON.stringify(users),
      ...environment,
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const exited = new Promise<number | string>((resolve) => {
    child.once('exit', (code, signal) => resolve(code ?? signal ?? 'unknown'));
  });
  const log: string[] = [];
  const port = await portOf(child, log, exited);
  const url = (who: Who) => `http://${who}:${encodeURIComponent(PASSWORD)}@127.0.0.1:${port}`;
  return {
    port,
    pid: child.pid ?? 0,
    directory,
    log,
    url,
    client: (who, options = {}) =>
      createClient({ url: url(who), log: { level: ClickHouseLogLevel.OFF }, ...options }),
    send: (who, body, query = {}) => send(port, who, body, query),
    signal: (signal) => void child.kill(signal),
    exited,
    stop: async () => {
      child.kill('SIGTERM');
      const limit = setTimeout(() => child.kill('SIGKILL'), 25_000);
      await exited;
      clearTimeout(limit);
      await rm(directory, { recursive: true, force: true });
    },
  };
}

async function portOf(child: ChildProcess, log: string[], exited: Promise<unknown>): Promise<number> {
  const { stdout, stderr } = child;
  if (stdout === null || stderr === null) throw new Error('the store has no output to read');
  return new Promise<number>((resolve, reject) => {
    const limit = setTimeout(() => reject(new Error(`no port after ${START_LIMIT_MS} ms`)), START_LIMIT_MS);
    createInterface(stdout).on('line', (line) => {
      log.push(line);
      const parsed = listening.safeParse(line.startsWith('{') ? JSON.parse(line) : undefined);
      if (!parsed.success) return;
      clearTimeout(limit);
      resolve(parsed.data.port);
    });
    createInterface(stderr).on('line', (line) => log.push(line));
    void exited.then((code) => {
      clearTimeout(limit);
      reject(new Error(`the store ended with ${String(code)}:\n${log.join('\n')}`));
    });
  });
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
