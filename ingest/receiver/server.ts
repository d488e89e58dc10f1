import { fastify, type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify';
import { z } from 'zod';
import type { Principal } from '../../common/auth/principal.js';
import { bearerToken } from '../../common/auth/token.js';
import { BellwetherError, messageOf } from '../../common/runtime/errors.js';
import type { Logger } from '../../common/runtime/log.js';
import { failureBody, JSON_TYPE, PROTOBUF, successBody, type Encoding } from './answers.js';
import { tooLarge, unpack } from './body.js';
import { outcomeOf, prepareExport } from './exporting.js';
import type { ReceiverMetrics } from './metrics.js';
import type { Outlet } from './outlet.js';
import type { TokenLimits } from './token-limits.js';

export interface ServerParts {
  readonly authenticate: (token: string) => Promise<Principal>;
  readonly limits: TokenLimits;
  readonly outlet: Outlet;
  readonly metrics: ReceiverMetrics;
  readonly log: Logger;
  readonly maxBodyBytes: number;
  readonly retentionMs: number;
  readonly now: () => number;
  /** Undefined when ready, otherwise what is missing. */
  readonly notReady: () => string | undefined;
}

export const EXPORT_PATH = '/v1/metrics';
const REQUEST_TIMEOUT_MS = 30_000;
/** For senders that are to come back by themselves, seconds. */
const RETRY_AFTER = '1';

declare module 'fastify' {
  interface FastifyRequest {
    /** Set once the token is verified. */
    customer: string | null;
  }
}

/** The HTTP server, not yet listening: `inject` works on it, `listen` opens the port. */
export function buildServer(parts: ServerParts): FastifyInstance {
  const app = fastify({
    logger: false,
    trustProxy: false,
    bodyLimit: parts.maxBodyBytes,
    requestTimeout: REQUEST_TIMEOUT_MS,
    forceCloseConnections: true,
  });
  app.decorateRequest('customer', null);
  app.removeAllContentTypeParsers();
  app.addContentTypeParser([PROTOBUF, JSON_TYPE], { parseAs: 'buffer' }, (_request, body, done) => {
    done(null, body);
  });
  app.setErrorHandler((thrown, request, reply) => {
    return sendFailure(reply, toError(thrown, parts), encodingOf(request), parts);
  });
  app.setNotFoundHandler((request, reply) => {
    const error = new BellwetherError(
      'not_found',
      `only ${EXPORT_PATH} is served here: metrics, no traces or logs`,
    );
    return sendFailure(reply, error, encodingOf(request), parts);
  });
  registerExport(app, parts);
  registerOwnRoutes(app, parts);
  return app;
}

function registerExport(app: FastifyInstance, parts: ServerParts): void {
  const { metrics } = parts;
  app.post(
    EXPORT_PATH,
    {
      // Before the body is read: who may not send does not get to fill our memory.
      onRequest: (request, reply) => admit(request, reply, parts),
      onResponse: async (_request, reply) => {
        metrics.answers.inc({ status: String(reply.statusCode) });
        metrics.answerSeconds.observe(reply.elapsedTime / 1_000);
        return Promise.resolve();
      },
    },
    (request, reply) => answerExport(request, reply, parts),
  );
  app.route({
    method: ['GET', 'PUT', 'PATCH', 'DELETE'],
    url: EXPORT_PATH,
    onRequest: async (_request, reply) => {
      void reply.header('allow', 'POST');
      throw new BellwetherError('method_not_allowed', 'right would be POST');
    },
    handler: () => undefined,
  });
}

/** Lets in who holds a customer's token and keeps to the bounds. */
async function admit(request: FastifyRequest, reply: FastifyReply, parts: ServerParts): Promise<void> {
  const token = bearerToken(request.headers.authorization);
  if (token === undefined) {
    throw new BellwetherError(
      'unauthorized',
      'the Authorization header holds no token; right would be "Authorization: Bearer bw_…" with a token of the customer',
    );
  }
  const { tokenId, customer } = await parts.authenticate(token);
  if (customer === null) {
    throw new BellwetherError(
      'forbidden',
      "this is an operator's token: it does not say whose the points are; right would be a customer's",
    );
  }
  const leave = parts.limits.enter(tokenId);
  // Also when the sender goes away before it has its answer.
  reply.raw.once('close', leave);
  request.customer = customer;
}

async function answerExport(
  request: FastifyRequest,
  reply: FastifyReply,
  parts: ServerParts,
): Promise<FastifyReply> {
  const { metrics, maxBodyBytes, retentionMs, outlet } = parts;
  const encoding = encodingOf(request);
  const sent = Buffer.isBuffer(request.body) ? request.body : Buffer.alloc(0);
  metrics.bytes.inc(sent.byteLength);
  const body = await unpack(sent, request.headers['content-encoding'], maxBodyBytes);
  // An empty body is a request without points, which OTLP allows.
  if (body.byteLength > 0) {
    const context = { customer: request.customer ?? '', nowMs: parts.now(), retentionMs };
    const prepared = prepareExport(body, encoding, context);
    if (prepared.message !== undefined) await outlet.send(prepared.message);
    const { taken, outOfTime } = prepared;
    metrics.points.inc(taken.points.length);
    metrics.pointsWithoutValue.inc(taken.withoutValue);
    metrics.pointsOutOfTime.inc(outOfTime);
    for (const { reason, points } of taken.refusals) metrics.rejectedPoints.inc({ reason }, points);
    return reply.type(encoding).send(successBody(outcomeOf(prepared), encoding));
  }
  return reply.type(encoding).send(successBody({ rejectedPoints: 0, message: '' }, encoding));
}

function registerOwnRoutes(app: FastifyInstance, { metrics, notReady }: ServerParts): void {
  app.get('/healthz', () => ({ status: 'ok' }));
  app.get('/readyz', async (_request, reply) => {
    const missing = notReady();
    if (missing === undefined) return { status: 'ready' };
    return reply.code(503).send({ status: 'not_ready', detail: missing });
  });
  app.get('/metrics', async (_request, reply) =>
    reply.type(metrics.registry.contentType).send(await metrics.registry.metrics()),
  );
}

/** What is not known is answered in JSON, which people can read. */
function encodingOf(request: FastifyRequest): Encoding {
  return request.headers['content-type']?.split(';')[0]?.trim() === PROTOBUF ? PROTOBUF : JSON_TYPE;
}

const withStatus = z.object({ statusCode: z.int() });

function toError(thrown: unknown, { maxBodyBytes }: ServerParts): BellwetherError {
  if (thrown instanceof BellwetherError) return thrown;
  const status = withStatus.safeParse(thrown).data?.statusCode ?? 500;
  if (status === 413) return tooLarge(maxBodyBytes);
  if (status === 415) {
    const text = `the Content-Type is not taken; right would be ${PROTOBUF} or ${JSON_TYPE}`;
    return new BellwetherError('unsupported_media_type', text, { cause: thrown });
  }
  if (status < 500)
    return new BellwetherError('bad_request', 'the request cannot be read', { cause: thrown });
  return new BellwetherError('internal', 'the request failed for a reason of ours', { cause: thrown });
}

function sendFailure(
  reply: FastifyReply,
  error: BellwetherError,
  encoding: Encoding,
  { log }: ServerParts,
): FastifyReply {
  if (error.code === 'internal') log.error({ error: messageOf(error.cause ?? error) }, 'internal error');
  else log.debug({ code: error.code, error: error.message }, 'refused');
  if (error.code === 'unauthorized') void reply.header('www-authenticate', 'Bearer realm="bellwether"');
  if (error.status === 429 || error.status === 503) void reply.header('retry-after', RETRY_AFTER);
  return reply.code(error.status).type(encoding).send(failureBody(error, encoding));
}
