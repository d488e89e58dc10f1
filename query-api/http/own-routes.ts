import type { FastifyInstance } from 'fastify';
import type { ZodTypeProvider } from 'fastify-type-provider-zod';
import { z } from 'zod';
import { BellwetherError } from '../../common/runtime/errors.js';

export interface OwnState {
  /** Undefined when ready, otherwise what is missing. */
  readonly notReady: () => string | undefined;
  readonly metrics: () => Promise<string>;
  readonly metricsType: string;
}

/** What the API says of itself: health, metrics and its OpenAPI document. Open to all; no tenant is in it. */
export function registerOwnRoutes(instance: FastifyInstance, state: OwnState): void {
  const app = instance.withTypeProvider<ZodTypeProvider>();
  app.get(
    '/healthz',
    { schema: { summary: 'The process runs', response: { 200: z.object({ status: z.literal('ok') }) } } },
    () => ({ status: 'ok' as const }),
  );
  app.get(
    '/readyz',
    {
      schema: {
        summary: 'The store answers and the tokens are loaded',
        response: { 200: z.object({ status: z.literal('ready') }) },
      },
    },
    () => {
      const missing = state.notReady();
      if (missing !== undefined) throw new BellwetherError('store_unavailable', missing);
      return { status: 'ready' as const };
    },
  );
  app.get('/metrics', { schema: { hide: true } }, async (_request, reply) =>
    reply.type(state.metricsType).send(await state.metrics()),
  );
  app.get('/openapi.json', { schema: { hide: true } }, async (_request, reply) =>
    reply.type('application/json').send(JSON.stringify(instance.swagger())),
  );
}
