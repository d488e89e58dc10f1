import { execFile } from 'node:child_process';
import { appendFile, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

/** A file system of some MiB of its own, that can be full. */
export interface SmallDisk {
  readonly directory: string;
  /** Takes all that is free at the moment. */
  fill(): Promise<void>;
  /** Gives back what was taken. */
  free(): Promise<void>;
  unmount(): Promise<void>;
}

/** The last piece is a page: less is of no use to anybody. */
const PIECES = [1024 * 1024, 4 * 1024].map((bytes) => Buffer.alloc(bytes, 1));
const run = promisify(execFile);

/** Mounts a tmpfs in a directory of its own. @throws Error where this process may not mount. */
export async function mountSmallDisk(mebibytes: number): Promise<SmallDisk> {
  const directory = await mkdtemp(join(tmpdir(), 'bellwether-disk-'));
  await run('mount', ['-t', 'tmpfs', '-o', `size=${String(mebibytes)}m`, 'bellwether-test', directory]);
  const filler = join(directory, 'filler');
  return {
    directory,
    async fill() {
      for (const piece of PIECES) while (await fits(filler, piece));
    },
    free: () => rm(filler, { force: true }),
    async unmount() {
      await run('umount', [directory]);
      await rm(directory, { recursive: true, force: true });
    },
  };
}

async function fits(file: string, piece: Buffer): Promise<boolean> {
  try {
    await appendFile(file, piece);
    return true;
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOSPC') return false;
    throw error;
  }
}
