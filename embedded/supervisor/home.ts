import { chmodSync, chownSync, lchownSync, mkdirSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { NumericUser } from '../launch/launch.js';
import type { Users } from './users.js';

/** Where everything of a stack lies, below BELLWETHER_HOME. */
export interface HomePaths {
  readonly home: string;
  readonly owners: string;
  /** Owners' rules of the demo's customers; the stack makes and removes it. */
  readonly demoOwners: string;
  readonly kafka: string;
  readonly store: string;
  readonly log: string;
  readonly run: string;
  readonly secrets: string;
  readonly tokens: string;
  readonly stackFile: string;
  readonly lockFile: string;
  readonly demoFile: string;
  readonly loaderSocket: string;
}

export function homePaths(home: string): HomePaths {
  const run = join(home, 'run');
  return {
    home,
    owners: join(home, 'owners.d'),
    demoOwners: join(home, 'owners.d', 'demo.json'),
    kafka: join(home, 'kafka'),
    store: join(home, 'store'),
    log: join(home, 'log'),
    run,
    secrets: join(home, 'secrets'),
    tokens: join(home, 'tokens'),
    stackFile: join(run, 'stack.json'),
    lockFile: join(run, 'supervisor.lock'),
    demoFile: join(run, 'demo.json'),
    loaderSocket: join(run, 'loader.sock'),
  };
}

/** Gives a directory and all in it to the user, once: a directory that is theirs already is left alone. */
function giveTo(directory: string, user: NumericUser): void {
  if (statSync(directory).uid === user.uid) return;
  for (const entry of readdirSync(directory, { withFileTypes: true, recursive: true })) {
    lchownSync(join(entry.parentPath, entry.name), user.uid, user.gid);
  }
  // The top comes last: it says that all below is done.
  chownSync(directory, user.uid, user.gid);
}

/** Makes what is missing and sets owners and modes. Repeating it changes nothing. */
export function prepareHome(paths: HomePaths, users: Users): void {
  for (const directory of [paths.home, paths.owners, paths.log, paths.run]) {
    mkdirSync(directory, { recursive: true, mode: 0o755 });
  }
  for (const directory of [paths.secrets, paths.tokens]) {
    mkdirSync(directory, { recursive: true, mode: 0o700 });
    chmodSync(directory, 0o700);
  }
  for (const [directory, user] of [
    [paths.kafka, users.kafka],
    [paths.store, users.store],
  ] as const) {
    mkdirSync(directory, { recursive: true, mode: 0o700 });
    if (user !== undefined) giveTo(directory, user);
    chmodSync(directory, 0o700);
  }
}

/** Writes a file that only we can read, whatever mode an older one had. */
export function writePrivate(path: string, content: string): void {
  writeFileSync(path, content, { mode: 0o600 });
  chmodSync(path, 0o600);
}
