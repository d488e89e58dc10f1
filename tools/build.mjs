/** Compiles the TypeScript into dist/ and bundles the page. */
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
process.chdir(root);
const { status } = spawnSync('node_modules/.bin/tsc', ['-p', '.'], { stdio: 'inherit' });
if (status !== 0) process.exit(status ?? 1);
if (existsSync('tools/build-page.mjs')) await import('./build-page.mjs');
