import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { z } from 'zod';
import { PROJECT } from '../support/paths.js';

const lockFile = z.object({
  packages: z.record(
    z.string(),
    z.object({ optionalDependencies: z.record(z.string(), z.string()).optional() }),
  ),
});

/** Where Node would look for a package that `from` (a path of the lock file) needs. */
function candidates(from: string, name: string): string[] {
  const parts = from.split('/node_modules/');
  const found = [`node_modules/${name}`];
  for (let depth = 1; depth <= parts.length; depth += 1) {
    found.push(`${parts.slice(0, depth).join('/node_modules/')}/node_modules/${name}`);
  }
  return found;
}

test('the lock file names every optional package, for all platforms: else npm ci refuses it', () => {
  const { packages } = lockFile.parse(JSON.parse(readFileSync(join(PROJECT, 'package-lock.json'), 'utf8')));
  const missing = Object.entries(packages).flatMap(([path, { optionalDependencies = {} }]) =>
    Object.keys(optionalDependencies)
      .filter((name) => !candidates(path, name).some((candidate) => candidate in packages))
      .map((name) => `${path} → ${name}`),
  );
  assert.deepEqual(missing, []);
});
