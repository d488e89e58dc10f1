import { existsSync } from 'node:fs';
import path from 'node:path';
import fastifyStatic from '@fastify/static';
import type { FastifyInstance } from 'fastify';
import { BellwetherError } from '../../common/runtime/errors.js';

/** Serves the page and its files from `directory`; without them `/` says how to get them. */
export function serveConsole(app: FastifyInstance, directory: string): void {
  if (!existsSync(path.join(directory, 'index.html'))) {
    app.get('/', { schema: { hide: true } }, () => {
      throw new BellwetherError('not_found', 'the page is not built here; `npm run build` makes it');
    });
    return;
  }
  app.register(fastifyStatic, {
    root: directory,
    // One route per file that is there now: no path of a request is ever looked up in the file system.
    wildcard: false,
    index: ['index.html'],
    schemaHide: true,
    // tools/build-page.mjs lays a .br and a .gz beside each file: 37 KiB to load instead of 101.
    preCompressed: true,
    cacheControl: false,
    setHeaders: (reply) => void reply.header('cache-control', 'no-cache'),
  });
}
