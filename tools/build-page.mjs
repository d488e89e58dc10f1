/**
 * Bundles the page at `/` into dist/query-api/console/public/: one HTML file, one script, one style sheet
 * and the icon, each with a .br and .gz beside it, and prints what a browser has to load.
 */
import { copyFileSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { brotliCompressSync, gzipSync } from 'node:zlib';
import { build } from 'esbuild';

const root = fileURLToPath(new URL('..', import.meta.url));
const page = `${root}query-api/console/page`;
const output = `${root}dist/query-api/console/public`;

rmSync(output, { recursive: true, force: true });
mkdirSync(output, { recursive: true });
await build({
  entryPoints: { console: `${page}/main.ts` },
  outfile: `${output}/console.js`,
  bundle: true,
  minify: true,
  format: 'esm',
  target: ['es2022'],
  tsconfig: `${page}/tsconfig.json`,
  legalComments: 'eof',
  logLevel: 'warning',
});
await build({
  entryPoints: [`${page}/styles/main.css`],
  outfile: `${output}/console.css`,
  bundle: true,
  minify: true,
  target: ['es2022'],
  logLevel: 'warning',
});
for (const name of ['index.html', 'favicon.svg']) copyFileSync(`${page}/${name}`, `${output}/${name}`);

const sizes = ['index.html', 'console.css', 'console.js', 'favicon.svg'].map((name) => {
  const bytes = readFileSync(`${output}/${name}`);
  const gzipped = gzipSync(bytes, { level: 9 });
  writeFileSync(`${output}/${name}.gz`, gzipped);
  writeFileSync(`${output}/${name}.br`, brotliCompressSync(bytes));
  return { name, kib: bytes.length / 1024, gzipped: gzipped.length / 1024 };
});
const total = (key) => sizes.reduce((sum, size) => sum + size[key], 0).toFixed(1);
console.log(
  `page: ${total('kib')} KiB, ${total('gzipped')} KiB gzipped (` +
    sizes.map(({ name, kib }) => `${name} ${kib.toFixed(1)}`).join(', ') +
    ')',
);
