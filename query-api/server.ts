import { randomUUID } from 'node:crypto';
import swagger from '@fastify/swagger';
import { fastify, type FastifyInstance, type FastifyRequest } from 'fastify';
import {
  jsonSchemaTransform,
  jsonSchemaTransformObject,
  serializerCompiler,
  validatorCompiler,
} from 'fastify-type-provider-zod';
import type { Socket } from 'node:net';
import { BellwetherError, messageOf } from '../common/runtime/errors.js';
import type { Logger } from '../common/runtime/log.js';
import type { Authenticate } from './http/access.js';
import { serveConsole } from './http/console-files.js';
import { addSecurityHeaders, SECURITY_HEADERS } from './http/headers.js';
import { refuseOtherMethods, watchMethods } from './http/methods.js';
import { registerOwnRoutes, type OwnState } from './http/own-routes.js';
import { problemBody, PROBLEM_TYPE, sendProblem, toBellwetherError } from './http/problem.js';
import { traceRequests } from './http/trace.js';
import type { ViewContext } from './views/context.js';
import { registerViews } from './views/routes.js';

export interface ServerOptions {
  readonly log: Logger;
  readonly context: ViewContext;
  readonly authenticate: Authenticate;
  readonly own: OwnState;
  /** Where the page lies. */
  readonly consoleDirectory: string;
  readonly onAnswer: (route: string, status: number, seconds: number) => void;
}

/** No route takes a body; this is what is read before that is said. */
const BODY_LIMIT_BYTES = 16_384;
const REQUEST_TIMEOUT_MS = 30_000;

/** The HTTP server, not yet listening: `inject` works on it, `listen` opens the port. */
export async function buildServer(options: ServerOptions): Promise<FastifyInstance> {
  const app = fastify({
    logger: false,
    genReqId: () => randomUUID(),
    // What proxies say about clients is not believed: nothing here depends on an address or host name.
    trustProxy: false,
    bodyLimit: BODY_LIMIT_BYTES,
    requestTimeout: REQUEST_TIMEOUT_MS,
    forceCloseConnections: true,
    routerOptions: { maxParamLength: 512 },
    frameworkErrors: (error, _request, reply) => {
      void sendProblem(reply.headers(SECURITY_HEADERS), toBellwetherError(error));
    },
    clientErrorHandler: answerUnreadable,
  });
  app.setValidatorCompiler(validatorCompiler);
  app.setSerializerCompiler(serializerCompiler);
  app.decorateRequest('principal', null);
  app.decorateRequest('customerScope', null);
  app.decorateRequest('fleetScope', null);
  traceRequests(app);
  addSecurityHeaders(app);
  handleErrors(app, options.log);
  observeAnswers(app, options);
  const taken = watchMethods(app);
  await app.register(swagger, OPENAPI);
  await app.register((routes, _options, done) => {
    registerOwnRoutes(routes, options.own);
    registerViews(routes, options.context, options.authenticate);
    serveConsole(routes, options.consoleDirectory);
    done();
  });
  refuseOtherMethods(app, taken);
  await app.ready();
  return app;
}

const OPENAPI = {
  openapi: {
    openapi: '3.1.0',
    info: {
      title: 'Bellwether',
      version: '1',
      description:
        "What is slow, what drops packets, whose fault it is and how sure we are. A customer's token opens that customer's paths; an operator's token opens all.",
    },
    components: { securitySchemes: { bearer: { type: 'http' as const, scheme: 'bearer' } } },
  },
  transform: jsonSchemaTransform,
  transformObject: jsonSchemaTransformObject,
};

function handleErrors(app: FastifyInstance, log: Logger): void {
  app.setErrorHandler((thrown, request, reply) => {
    const error = toBellwetherError(thrown, request);
    // Who went away gets no answer, and that a query of theirs was ended is no failure.
    if (error.code === 'internal' && !reply.raw.destroyed) {
      log.error(
        { instance: request.id, route: routeOf(request), error: messageOf(error.cause ?? error) },
        'internal error',
      );
    }
    return sendProblem(reply, error);
  });
  app.setNotFoundHandler((_request, reply) =>
    sendProblem(
      reply,
      new BellwetherError('not_found', 'no route has this path; /openapi.json lists them all'),
    ),
  );
}

function observeAnswers(app: FastifyInstance, { log, onAnswer }: ServerOptions): void {
  app.addHook('onResponse', async (request, reply) => {
    const seconds = reply.elapsedTime / 1000;
    onAnswer(routeOf(request), reply.statusCode, seconds);
    // The route's pattern, never the path or the headers: neither customers nor tokens get into logs.
    const line = {
      instance: request.id,
      method: request.method,
      route: routeOf(request),
      status: reply.statusCode,
      seconds,
      token: request.principal?.tokenId,
    };
    log[reply.statusCode >= 400 ? 'info' : 'debug'](line, 'answered');
    return Promise.resolve();
  });
}

function routeOf(request: FastifyRequest): string {
  return request.routeOptions.url ?? 'unmatched';
}

/** Answers what is not even HTTP, where there is no request to answer through. */
function answerUnreadable(error: Error & { code?: string }, socket: Socket): void {
  // After an earlier answer over this connection ours could be taken for that of another request.
  if (!socket.writable || socket.bytesWritten > 0) {
    socket.destroy();
    return;
  }
  const tooLong = error.code === 'HPE_HEADER_OVERFLOW';
  const detail = tooLong ? 'the headers are too long' : 'this is not an HTTP request that can be read';
  const body = problemBody('bad_request', detail, randomUUID());
  const headers = {
    ...SECURITY_HEADERS,
    'content-type': PROBLEM_TYPE,
    'content-length': String(Buffer.byteLength(body)),
    connection: 'close',
  };
  const lines = Object.entries(headers).map(([header, value]) => `${header}: ${value}`);
  socket.end(`HTTP/1.1 400 Bad Request\r\n${lines.join('\r\n')}\r\n\r\n${body}`);
}
