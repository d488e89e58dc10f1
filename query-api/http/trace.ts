import type { FastifyInstance, FastifyRequest } from 'fastify';
import { isTracing, openSpan, type OpenSpan } from '../../common/telemetry/telemetry.js';

/**
 * One SERVER span a request, around all that it begins. It is a root: what a client says of a trace of its own
 * is not taken over, since a customer would decide then how much is sampled here. The route stands in it as a
 * pattern and no path does, so that it names no customer.
 */
export function traceRequests(app: FastifyInstance): void {
  const spans = new WeakMap<FastifyRequest, OpenSpan>();
  app.addHook('onRequest', (request, _reply, done) => {
    if (!isTracing()) {
      done();
      return;
    }
    const route = request.routeOptions.url ?? 'unmatched';
    const span = openSpan('query-api', `${request.method} ${route}`, () => ({
      kind: 'server',
      attributes: {
        'http.request.method': request.method,
        'http.route': route,
        'url.scheme': request.protocol,
        'bellwether.instance': request.id,
      },
    }));
    spans.set(request, span);
    span.run(done);
  });
  app.addHook('onResponse', (request, reply, done) => {
    const span = spans.get(request);
    span?.setAttribute('http.response.status_code', reply.statusCode);
    span?.end(reply.statusCode >= 500 ? String(reply.statusCode) : undefined);
    done();
  });
}
