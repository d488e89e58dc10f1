/** Compiles the TypeScript into dist/ and bundles the page. */
import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
process.chdir(root);
execFileSync('node_modules/.bin/tsc', ['-p', '.'], { stdio: 'inherit' });
if (existsSync('tools/build-page.mjs')) await import('./build-page.mjs');
