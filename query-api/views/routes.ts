import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { ZodTypeProvider } from 'fastify-type-provider-zod';
import { z } from 'zod';
import {
  goneSignal,
  granted,
  principalOf,
  requireCustomer,
  requireOperator,
  requireToken,
  type Authenticate,
} from '../http/access.js';
import { PROBLEM_TYPE, problemSchema } from '../http/problem.js';
import type { ViewContext } from './context.js';
import { answerCustomers, customersAnswer, customersRequest } from './customers.js';
import { answerDrops, dropsAnswer, dropsRequest } from './drops.js';
import { answerEvents, eventsAnswer, eventsRequest } from './events.js';
import { answerLatency, latencyAnswer, latencyRequest } from './latency.js';
import { answerLedger, ledgerAnswer, ledgerRequest } from './ledger.js';
import {
  answerMetric,
  answerMetrics,
  metricAnswer,
  metricRequest,
  metricsAnswer,
  metricsRequest,
} from './metrics.js';
import { answerWhoami, whoamiAnswer } from './whoami.js';

/** All of `/v1`: every route behind a verified token, every path behind its grant. */
export function registerViews(app: FastifyInstance, context: ViewContext, authenticate: Authenticate): void {
  app.register((v1, _options, done) => {
    v1.addHook('onRequest', requireToken(authenticate));
    v1.addHook('onSend', async (_request, reply) => void reply.header('cache-control', 'no-store'));
    v1.withTypeProvider<ZodTypeProvider>().get(
      '/v1/whoami',
      {
        schema: {
          summary: 'What this token opens',
          ...secured({ 200: whoamiAnswer }),
          querystring: z.strictObject({}),
        },
      },
      (request) => answerWhoami(principalOf(request)),
    );
    v1.register((customers, _options, ready) => {
      customers.addHook('onRequest', requireCustomer);
      registerCustomerViews(customers, context);
      registerMetricViews(customers, context);
      ready();
    });
    v1.register((fleet, _options, ready) => {
      fleet.addHook('onRequest', requireOperator);
      registerFleetViews(fleet, context);
      ready();
    });
    done();
  });
}

function registerCustomerViews(instance: FastifyInstance, context: ViewContext): void {
  const app = instance.withTypeProvider<ZodTypeProvider>();
  app.get(
    '/v1/customers/:customer/latency',
    {
      schema: {
        summary: 'Latency percentiles over time',
        ...latencyRequest,
        ...secured({ 200: latencyAnswer }),
      },
    },
    (request, reply) =>
      bounded(context, request, reply, (signal) =>
        answerLatency(context, granted(request.customerScope), request.query, signal),
      ),
  );
  app.get(
    '/v1/customers/:customer/drops',
    {
      schema: {
        summary: 'Dropped packets by reason, with cause, fault and remedy',
        ...dropsRequest,
        ...secured({ 200: dropsAnswer }),
      },
    },
    (request, reply) =>
      bounded(context, request, reply, (signal) =>
        answerDrops(context, granted(request.customerScope), request.query, signal),
      ),
  );
  app.get(
    '/v1/customers/:customer/events',
    { schema: { summary: 'Sampled dropped packets', ...eventsRequest, ...secured({ 200: eventsAnswer }) } },
    (request, reply) =>
      bounded(context, request, reply, (signal) =>
        answerEvents(context, granted(request.customerScope), request.query, signal),
      ),
  );
}

function registerMetricViews(instance: FastifyInstance, context: ViewContext): void {
  const app = instance.withTypeProvider<ZodTypeProvider>();
  app.get(
    '/v1/customers/:customer/metrics',
    {
      schema: {
        summary: 'Metrics that others than our agents sent',
        ...metricsRequest,
        ...secured({ 200: metricsAnswer }),
      },
    },
    (request, reply) =>
      bounded(context, request, reply, (signal) =>
        answerMetrics(context, granted(request.customerScope), request.query, signal),
      ),
  );
  app.get(
    '/v1/customers/:customer/metrics/:metric',
    {
      schema: {
        summary: 'One of these metrics over time: increases, values, quantiles',
        ...metricRequest,
        ...secured({ 200: metricAnswer }),
      },
    },
    (request, reply) =>
      bounded(context, request, reply, (signal) =>
        answerMetric(context, granted(request.customerScope), request.params.metric, request.query, signal),
      ),
  );
}

function registerFleetViews(instance: FastifyInstance, context: ViewContext): void {
  const app = instance.withTypeProvider<ZodTypeProvider>();
  app.get(
    '/v1/customers',
    {
      schema: {
        summary: 'The customers that there are (operators)',
        ...customersRequest,
        ...secured({ 200: customersAnswer }),
      },
    },
    (request, reply) =>
      bounded(context, request, reply, (signal) =>
        answerCustomers(context, granted(request.fleetScope), signal),
      ),
  );
  app.get(
    '/v1/fleet/ledger',
    {
      schema: {
        summary: 'What each host sent, stored and lost (operators)',
        ...ledgerRequest,
        ...secured({ 200: ledgerAnswer }),
      },
    },
    (request, reply) =>
      bounded(context, request, reply, (signal) =>
        answerLedger(context, granted(request.fleetScope), request.query, signal),
      ),
  );
}

/** Lets a request through the gate of its holder and ends its queries when the client goes away. */
function bounded<T>(
  context: ViewContext,
  request: FastifyRequest,
  reply: FastifyReply,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const principal = principalOf(request);
  const signal = goneSignal(reply);
  return context.gate.pass(`${principal.role} ${principal.customer ?? ''}`, () => work(signal));
}

const problem = { description: 'RFC 9457 problem', content: { [PROBLEM_TYPE]: { schema: problemSchema } } };

/** What a schema of a secured route has beside its request. */
function secured<T extends z.ZodType>(success: { 200: T }) {
  return {
    security: [{ bearer: [] }],
    response: { ...success, '4xx': problem, '5xx': problem },
  };
}
