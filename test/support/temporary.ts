import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after } from 'node:test';

/** A directory that is gone when the test file ends. */
export function temporaryDirectory(): string {
  const directory = mkdtempSync(join(tmpdir(), 'bellwether-unit-'));
  after(() => rmSync(directory, { recursive: true, force: true }));
  return directory;
}

/** For `skip`: false as root, otherwise the reason. */
export const unlessRoot: string | false = process.getuid?.() === 0 ? false : 'needs root';
