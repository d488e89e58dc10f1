import type { FastifyInstance, RouteOptions } from 'fastify';
import { BellwetherError } from '../../common/runtime/errors.js';

const METHODS = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'] as const;
type Method = (typeof METHODS)[number];

/** Remembers which methods each path takes, from the moment it is called. */
export function watchMethods(app: FastifyInstance): ReadonlyMap<string, ReadonlySet<string>> {
  const taken = new Map<string, Set<string>>();
  app.addHook('onRoute', (route: RouteOptions) => {
    const methods = taken.get(route.url) ?? new Set<string>();
    for (const method of [route.method].flat()) methods.add(method.toUpperCase());
    taken.set(route.url, methods);
  });
  return taken;
}

/**
 * Gives each path an answer for the methods that it does not take: OPTIONS says which it takes (and grants
 * nothing to other origins), all others are 405. They answer before a token or body is looked at.
 */
export function refuseOtherMethods(
  app: FastifyInstance,
  taken: ReadonlyMap<string, ReadonlySet<string>>,
): void {
  for (const [url, methods] of [...taken]) {
    const allow = [...methods, 'OPTIONS'].join(', ');
    const others = METHODS.filter((method: Method) => !methods.has(method) && method !== 'OPTIONS');
    app.route({
      method: 'OPTIONS',
      url,
      schema: { hide: true },
      handler: (_request, reply) => reply.code(204).header('allow', allow).send(),
    });
    if (others.length === 0) continue;
    app.route({
      method: others,
      url,
      schema: { hide: true },
      onRequest: async (request, reply) => {
        void reply.header('allow', allow);
        throw new BellwetherError(
          'method_not_allowed',
          `${request.method} is not taken here; right would be ${allow}`,
        );
      },
      handler: () => undefined,
    });
  }
}
