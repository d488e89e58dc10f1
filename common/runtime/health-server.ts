import { fastify } from 'fastify';
import type { Registry } from 'prom-client';
import type { Component } from './component.js';

export interface HealthServerOptions {
  readonly host: string;
  /** 0: no server. */
  readonly port: number;
  readonly registry: Registry;
  /** Undefined when ready, otherwise what is still missing. */
  readonly notReady: () => string | undefined;
  /** What `/status` says of the process to people; without it there is no such path. */
  readonly status?: () => object;
}

/** `/healthz`, `/readyz`, `/metrics` and, if there is something to say, `/status` of a process that has no other HTTP. */
export function createHealthServer(options: HealthServerOptions): Component {
  const server = fastify({ logger: false, forceCloseConnections: true });
  server.get('/healthz', () => ({ status: 'ok' }));
  server.get('/readyz', async (_request, reply) => {
    const missing = options.notReady();
    if (missing === undefined) return { status: 'ready' };
    return reply.code(503).send({ status: 'not_ready', detail: missing });
  });
  const { status } = options;
  if (status !== undefined) server.get('/status', () => status());
  server.get('/metrics', async (_request, reply) => {
    return reply.type(options.registry.contentType).send(await options.registry.metrics());
  });
  return {
    async start() {
      if (options.port !== 0) await server.listen({ host: options.host, port: options.port });
    },
    async stop() {
      await server.close();
    },
  };
}
