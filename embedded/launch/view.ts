import { statSync } from 'node:fs';
import { dirname, relative, sep } from 'node:path';

/** Whom a process runs as: numbers only, so that no account has to exist. */
export interface NumericUser {
  readonly uid: number;
  readonly gid: number;
}

/** A directory that the user cannot pass, and what lies below it that must be reachable all the same. */
export interface HiddenDirectory {
  readonly directory: string;
  /** Relative to `directory`. */
  readonly entries: readonly { readonly path: string; readonly isDirectory: boolean }[];
}

/** All ancestors of an absolute path, the path itself last: `/a`, `/a/b`. */
function chain(path: string): string[] {
  const parts = path.split(sep).filter((part) => part !== '');
  return parts.map((_, index) => sep + parts.slice(0, index + 1).join(sep));
}

function canPass(directory: string, user: NumericUser): boolean {
  const stat = statSync(directory);
  if (!stat.isDirectory()) return true;
  if (stat.uid === user.uid) return (stat.mode & 0o100) !== 0;
  if (stat.gid === user.gid) return (stat.mode & 0o010) !== 0;
  return (stat.mode & 0o001) !== 0;
}

/**
 * Finds, for each needed path, the topmost ancestor that the user cannot traverse.
 * Access lists (setfacl) are not read: a directory that one opens is hidden without need, which does no harm.
 * @param paths absolute and existing
 */
export function findHiddenDirectories(paths: readonly string[], user: NumericUser): HiddenDirectory[] {
  const hidden = new Map<string, { path: string; isDirectory: boolean }[]>();
  for (const path of [...new Set(paths)].sort()) {
    const wall = chain(dirname(path)).find((directory) => !canPass(directory, user));
    if (wall === undefined) continue;
    const entries = hidden.get(wall) ?? [];
    entries.push({ path: relative(wall, path), isDirectory: statSync(path).isDirectory() });
    hidden.set(wall, entries);
  }
  return [...hidden].map(([directory, entries]) => ({ directory, entries: outermost(entries) }));
}

/** Leaves out what lies below another entry: its bind mount shows it already. */
function outermost(
  entries: readonly { path: string; isDirectory: boolean }[],
): { path: string; isDirectory: boolean }[] {
  return entries.filter(
    (entry) => !entries.some((other) => other !== entry && entry.path.startsWith(other.path + sep)),
  );
}

/** For sh: everything within single quotes is literal. */
export function shellQuote(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}

/**
 * The script that makes the view inside a private mount namespace and then becomes the command in `"$@"`.
 * A small tmpfs hides the directory; the needed entries are bound back at the same absolute paths. They are
 * still reached by the working directory, which keeps pointing below the tmpfs; hence --no-canonicalize,
 * without which mount(8) would turn `./x` into a path on the tmpfs.
 */
export function viewScript(hidden: readonly HiddenDirectory[]): string {
  const lines = ['set -e'];
  for (const { directory, entries } of hidden) {
    const quoted = shellQuote(directory);
    lines.push(`cd ${quoted}`, `mount -t tmpfs -o mode=0755,size=1m tmpfs ${quoted}`);
    for (const { path, isDirectory } of entries) {
      const target = shellQuote(`${directory}/${path}`);
      const parent = shellQuote(dirname(`${directory}/${path}`));
      lines.push(isDirectory ? `mkdir -p ${target}` : `mkdir -p ${parent} && : > ${target}`);
      lines.push(`mount --no-canonicalize --bind ${shellQuote(`./${path}`)} ${target}`);
    }
  }
  lines.push('cd /', 'exec "$@"');
  return lines.join('\n');
}
