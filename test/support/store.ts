import { createHash } from 'node:crypto';
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startPart, untilReady, type Part } from './part.js';
import { freePort } from './ports.js';

export type Who = 'admin' | 'writer' | 'reader';
/** The password of each user of a test store. */
export const PASSWORD = 'only for tests';

/** Where a store listens, and the directory of its data and its log. */
export interface StorePlace {
  readonly port: number;
  readonly directory: string;
}

export interface RunningStore extends Part, StorePlace {
  /** With that user's name and password. */
  url(who: Who): string;
  /** Ends the process and removes its directory. */
  stop(): Promise<void>;
}

const SHA256 = createHash('sha256').update(PASSWORD).digest('hex');
const USERS = JSON.stringify([
  { name: 'admin', sha256: SHA256, access: 'admin' },
  { name: 'writer', sha256: SHA256, access: 'write' },
  { name: 'reader', sha256: SHA256, access: 'read' },
]);

/**
 * Starts the real store as its own process and waits until it answers.
 * @param place Where a store was that has ended, with its data; without it a free port and a new directory.
 * @throws Error with its output when it does not start.
 */
export async function startStore(
  variables: Record<string, string> = {},
  place?: StorePlace,
): Promise<RunningStore> {
  const { port, directory } = place ?? (await newPlace());
  const data = join(directory, 'store');
  await mkdir(data, { recursive: true });
  const part = startPart('embedded/store/main.js', join(directory, 'store.log'), {
    // Not the machine's zone: the store answers in UTC wherever it runs.
    TZ: 'Asia/Tokyo',
    BELLWETHER_STORE_DIR: data,
    BELLWETHER_STORE_PORT: String(port),
    BELLWETHER_STORE_USERS: USERS,
    ...variables,
  });
  const stop = async () => {
    await part.end('SIGTERM');
    await rm(directory, { recursive: true, force: true });
  };
  try {
    await untilReady(part, `http://127.0.0.1:${port}/ping`);
  } catch (error) {
    await stop();
    throw error;
  }
  const url = (who: Who) => `http://${who}:${encodeURIComponent(PASSWORD)}@127.0.0.1:${port}`;
  return { ...part, port, directory, url, stop };
}

async function newPlace(): Promise<StorePlace> {
  return { port: await freePort(), directory: await mkdtemp(join(tmpdir(), 'bellwether-store-test-')) };
}
