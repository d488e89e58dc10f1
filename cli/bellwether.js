#!/usr/bin/env node
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const main = fileURLToPath(new URL('../dist/cli/main.js', import.meta.url));
if (existsSync(main)) {
  process.setSourceMapsEnabled(true);
  await import(main);
} else {
  process.stderr.write('✗ Nothing is compiled in this clone yet: run `npm run up` first\n');
  process.exitCode = 1;
}
