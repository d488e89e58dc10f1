import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { watch, type FSWatcher } from 'chokidar';
import type { Component } from '../../common/runtime/component.js';
import { messageOf } from '../../common/runtime/errors.js';
import type { Logger } from '../../common/runtime/log.js';
import { parseOwnersFile, type Rule } from './rules.js';

const MAX_FILES = 1_000;
const MAX_FILE_BYTES = 1024 * 1024;
/** A network file system or a watch that the kernel refused tells nothing: so it is looked at as well. */
const POLL_MS = 2_000;
const SETTLE_MS = 50;

interface OwnersFile {
  /** What told that it changed: size, time and inode. */
  readonly signature: string;
  readonly rules: readonly Rule[];
  readonly problem: string | undefined;
}

export interface OwnersDirectoryEvents {
  /** All rules in force; called once at start and whenever they change. */
  readonly onRules: (rules: readonly Rule[]) => void;
  /** All files that are not valid; called whenever they change. */
  readonly onProblems: (problems: readonly string[]) => void;
}

/**
 * The owners' rules of `*.json` in a directory, watched. A file that is not valid is reported, by file and
 * field, and its last good content stays in force; a file that goes away takes its rules with it.
 */
export class OwnersDirectory implements Component {
  readonly #path: string;
  readonly #log: Logger;
  readonly #events: OwnersDirectoryEvents;
  #files = new Map<string, OwnersFile>();
  #problems: readonly string[] = [];
  #watcher: FSWatcher | undefined;
  #poll: NodeJS.Timeout | undefined;
  #settling: NodeJS.Timeout | undefined;
  #scanning: Promise<void> = Promise.resolve();

  constructor(path: string, log: Logger, events: OwnersDirectoryEvents) {
    this.#path = path;
    this.#log = log;
    this.#events = events;
  }

  async start(): Promise<void> {
    await this.#scan(true);
    this.#watcher = watch(this.#path, { ignoreInitial: true, depth: 0 });
    this.#watcher.on('all', () => this.#soon());
    this.#watcher.on('error', (error) =>
      this.#log.warn({ error: messageOf(error) }, 'watching the owners failed'),
    );
    this.#poll = setInterval(() => void this.rescan(), POLL_MS);
    this.#poll.unref();
  }

  async stop(): Promise<void> {
    clearInterval(this.#poll);
    clearTimeout(this.#settling);
    await this.#watcher?.close();
    await this.#scanning;
  }

  /** Looks at the directory now; resolves when what is there is in force. */
  rescan(): Promise<void> {
    this.#scanning = this.#scanning.then(() => this.#scan(false));
    return this.#scanning;
  }

  #soon(): void {
    // An editor writes a file in several steps.
    clearTimeout(this.#settling);
    this.#settling = setTimeout(() => void this.rescan(), SETTLE_MS);
  }

  async #scan(first: boolean): Promise<void> {
    const problems: string[] = [];
    const files = new Map<string, OwnersFile>();
    for (const name of await this.#names(problems)) files.set(name, await this.#read(name));
    const changed = !sameRules(this.#files, files);
    this.#files = files;
    for (const { problem } of files.values()) if (problem !== undefined) problems.push(problem);
    this.#report(problems);
    if (changed || first) this.#events.onRules([...files.values()].flatMap(({ rules }) => rules));
  }

  async #names(problems: string[]): Promise<string[]> {
    try {
      const names = (await readdir(this.#path)).filter(
        (name) => name.endsWith('.json') && !name.startsWith('.'),
      );
      if (names.length > MAX_FILES)
        problems.push(`${this.#path}: more than ${MAX_FILES} files, the rest is not read`);
      return names.sort().slice(0, MAX_FILES);
    } catch (error) {
      problems.push(`${this.#path}: cannot be read: ${messageOf(error)}`);
      return [...this.#files.keys()];
    }
  }

  async #read(name: string): Promise<OwnersFile> {
    const before = this.#files.get(name);
    let signature = '';
    try {
      const path = join(this.#path, name);
      const { size, mtimeNs, ino } = await stat(path, { bigint: true });
      signature = `${size} ${mtimeNs} ${ino}`;
      if (before?.signature === signature) return before;
      if (size > MAX_FILE_BYTES) throw new Error(`${name}: larger than ${MAX_FILE_BYTES} bytes`);
      return { signature, rules: parseOwnersFile(name, await readFile(path, 'utf8')), problem: undefined };
    } catch (error) {
      const message = messageOf(error);
      const problem = message.startsWith(name) ? message : `${name}: ${message}`;
      return { signature, rules: before?.rules ?? [], problem };
    }
  }

  #report(problems: readonly string[]): void {
    if (problems.length === this.#problems.length && problems.every((text, i) => text === this.#problems[i]))
      return;
    for (const problem of problems) {
      if (!this.#problems.includes(problem)) {
        this.#log.error({ problem }, "an owners' file is not valid; its last good content stays in force");
      }
    }
    this.#problems = problems;
    this.#events.onProblems(problems);
  }
}

function sameRules(before: ReadonlyMap<string, OwnersFile>, after: ReadonlyMap<string, OwnersFile>): boolean {
  if (before.size !== after.size) return false;
  return [...after].every(([name, { rules }]) => before.get(name)?.rules === rules);
}
