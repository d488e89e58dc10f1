import { spawn, type ChildProcess } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { closeSync, openSync, readFileSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

export interface Part {
  readonly child: ChildProcess;
  readonly output: () => string;
  end(signal: NodeJS.Signals): Promise<number | null>;
}

const ROOT = fileURLToPath(new URL('../../../', import.meta.url));
const END_LIMIT_MS = 15_000;

export interface RunningStore extends Part {
  /** With the name and password of an administrator. */
  readonly url: string;
}

/** Where a store listens, who may use it and where its data lies: the same after a restart. */
export interface StoreAddress {
  readonly directory: string;
  readonly port: number;
  readonly password: string;
}

export async function newStoreAddress(directory: string): Promise<StoreAddress> {
  await mkdir(join(directory, 'store'));
  return { directory, port: await freePort(), password: randomBytes(12).toString('hex') };
}

/** The real store; it does not answer yet. */
export function startStoreAt({ directory, port, password }: StoreAddress): RunningStore {
  const sha256 = createHash('sha256').update(password).digest('hex');
  const part = startPart('embedded/store/main.js', join(directory, 'store.log'), {
    BELLWETHER_STORE_PORT: String(port),
    BELLWETHER_STORE_DIR: join(directory, 'store'),
    BELLWETHER_STORE_USERS: JSON.stringify([{ name: 'admin', sha256, access: 'admin' }]),
  });
  return { ...part, url: `http://admin:${password}@127.0.0.1:${port}` };
}

/** The real store on a port of its own, with its data below the directory. */
export async function startStore(directory: string): Promise<RunningStore> {
  return startStoreAt(await newStoreAddress(directory));
}

/** Starts one of the project's mains; its output goes to a file. */
export function startPart(main: string, outputFile: string, variables: Record<string, string>): Part {
  const output = openSync(outputFile, 'a');
  const child = spawn(process.execPath, [join(ROOT, main)], {
    env: { ...process.env, ...variables },
    stdio: ['ignore', output, output],
  });
  closeSync(output);
  return {
    child,
    output: () => readFileSync(outputFile, 'utf8'),
    async end(signal) {
      if (child.exitCode !== null || child.signalCode !== null) return child.exitCode;
      const exited = once(child, 'exit');
      child.kill(signal);
      const limit = setTimeout(() => child.kill('SIGKILL'), END_LIMIT_MS);
      await exited;
      clearTimeout(limit);
      return child.exitCode;
    },
  };
}

export async function until(what: string, limitMs: number, holds: () => Promise<boolean>): Promise<void> {
  const end = Date.now() + limitMs;
  let problem = '';
  while (Date.now() < end) {
    try {
      if (await holds()) return;
    } catch (error) {
      problem = String(error);
    }
    await delay(100);
  }
  throw new Error(`not within ${limitMs} ms: ${what} ${problem}`);
}

export async function freePort(): Promise<number> {
  const server = createServer();
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  if (address === null || typeof address === 'string') throw new Error('no port');
  return address.port;
}
