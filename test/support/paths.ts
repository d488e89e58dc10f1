import { existsSync, readdirSync } from 'node:fs';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The compiled code: `dist/`, from `dist/test/support/paths.js`. */
export const CODE = fileURLToPath(new URL('../..', import.meta.url)).replace(/\/$/, '');
export const PROJECT = join(CODE, '..');

/**
 * Compiled files below a folder of `test/`, by a pattern on their names. Only those whose source is still
 * there: the compiler leaves what it once made.
 */
export function compiledFiles(folder: string, pattern: RegExp): string[] {
  const directory = join(CODE, 'test', folder);
  if (!existsSync(directory)) return [];
  return readdirSync(directory, { recursive: true, encoding: 'utf8' })
    .map((name) => join(directory, name))
    .filter((path) => pattern.test(path) && existsSync(sourceOf(path)))
    .sort();
}

/** The TypeScript file that a compiled one was made from. */
export function sourceOf(compiled: string): string {
  return join(PROJECT, relative(CODE, compiled).replace(/\.js$/, '.ts'));
}

/** As people write it: `test/ingest/rules.test.ts`. */
export function shortName(compiled: string): string {
  return relative(PROJECT, sourceOf(compiled));
}
