import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { LRUCache } from 'lru-cache';
import type { Component } from '../../common/runtime/component.js';
import { messageOf } from '../../common/runtime/errors.js';
import type { Logger } from '../../common/runtime/log.js';

const MAX_REMEMBERED = 65_536;
const MAX_DIRECTORIES = 20_000;
/** A number that was not found is not looked for again for so many windows (its cgroup has gone). */
const RETRY_WINDOWS = 12;

/** Where cgroup v2 is mounted, from the lines of /proc/self/mountinfo; undefined when it is not. */
export function cgroup2Mount(mountinfo: string): string | undefined {
  for (const line of mountinfo.split('\n')) {
    // ID parent major:minor root mountpoint options [fields] - type source superoptions
    const [before = '', after = ''] = line.split(' - ');
    if (after.split(' ')[0] === 'cgroup2') return before.split(' ')[4]?.replaceAll('\\040', ' ');
  }
  return undefined;
}

/**
 * Paths of cgroups by their number. The kernel's number of a cgroup is the inode of its directory in the v2
 * hierarchy, and is not used again while the kernel runs: so a number once found stays right.
 */
export class Cgroups implements Component {
  readonly #log: Logger;
  readonly #mountinfoPath: string;
  readonly #paths = new LRUCache<bigint, string>({ max: MAX_REMEMBERED });
  readonly #missing = new LRUCache<bigint, number>({ max: MAX_REMEMBERED });
  #present: ReadonlySet<string> = new Set();
  #scannedIn = Number.NEGATIVE_INFINITY;
  #mount: string | undefined;

  constructor(log: Logger, mountinfoPath = '/proc/self/mountinfo') {
    this.#log = log;
    this.#mountinfoPath = mountinfoPath;
  }

  /**
   * Looks for the directories of these numbers, if there are new ones among them.
   * @param mayHold whether a path relative to the mount can lead to or lie below what is looked for
   */
  async find(ids: Iterable<bigint>, mayHold: (path: string) => boolean, window: number): Promise<void> {
    const unknown = [...ids].filter((id) => id !== 0n && !this.#paths.has(id));
    const unseen = unknown.filter(
      (id) => window - (this.#missing.get(id) ?? -RETRY_WINDOWS) >= RETRY_WINDOWS,
    );
    if (unseen.length === 0 && window - this.#scannedIn < RETRY_WINDOWS) return;
    await this.#scan(mayHold, window);
    for (const id of unseen) if (!this.#paths.has(id)) this.#missing.set(id, window);
  }

  /** Relative to the mount: `/customers/acme`. */
  pathOf(id: bigint): string | undefined {
    return this.#paths.get(id);
  }

  /** What the last scan found. */
  get present(): Iterable<string> {
    return this.#present;
  }

  /** Finds the mount; without one no cgroup is ever known. */
  async start(): Promise<void> {
    try {
      this.#mount = cgroup2Mount(await readFile(this.#mountinfoPath, 'utf8'));
    } catch (error) {
      this.#log.warn({ error: messageOf(error) }, 'the mounts cannot be read, so no cgroup is known');
    }
  }

  stop(): Promise<void> {
    return Promise.resolve();
  }

  /** A rule may be written with the mount point before the path, or without. */
  relative(pattern: string): string {
    const mount = this.#mount;
    return mount !== undefined && pattern.startsWith(`${mount}/`) ? pattern.slice(mount.length) : pattern;
  }

  async #scan(mayHold: (path: string) => boolean, window: number): Promise<void> {
    this.#scannedIn = window;
    const mount = this.#mount;
    if (mount === undefined) return;
    const present = new Set<string>();
    const queue = ['/'];
    for (let path = queue.pop(); path !== undefined; path = queue.pop()) {
      const found = await look(join(mount, path));
      if (found === undefined) continue;
      this.#paths.set(found.id, path);
      present.add(path);
      const below = found.children
        .map((name) => (path === '/' ? `/${name}` : `${path}/${name}`))
        .filter(mayHold);
      queue.push(...below.slice(0, MAX_DIRECTORIES - present.size - queue.length));
    }
    if (present.size >= MAX_DIRECTORIES) {
      this.#log.warn({ limit: MAX_DIRECTORIES }, 'more cgroups than are looked at: some stay unattributed');
    }
    this.#present = present;
  }
}

/** Undefined when it went away meanwhile, or cannot be read. */
async function look(directory: string): Promise<{ id: bigint; children: string[] } | undefined> {
  try {
    const [{ ino }, entries] = await Promise.all([
      stat(directory, { bigint: true }),
      readdir(directory, { withFileTypes: true }),
    ]);
    return { id: ino, children: entries.filter((entry) => entry.isDirectory()).map(({ name }) => name) };
  } catch {
    return undefined;
  }
}
