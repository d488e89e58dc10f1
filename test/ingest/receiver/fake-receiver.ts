import type { FastifyInstance } from 'fastify';
import { Principal } from '../../../common/auth/principal.js';
import { makeToken } from '../../../common/auth/token.js';
import type { OutgoingMessage } from '../../../common/kafka/producer.js';
import { BellwetherError } from '../../../common/runtime/errors.js';
import { createLogger } from '../../../common/runtime/log.js';
import { decodeForeign, type ForeignRequest } from '../../../common/wire/foreign/index.js';
import { ReceiverMetrics } from '../../../ingest/receiver/metrics.js';
import { Outlet } from '../../../ingest/receiver/outlet.js';
import { buildServer, type ServerParts } from '../../../ingest/receiver/server.js';
import { END_MS } from '../../common/wire/foreign/requests.js';
import { TokenLimits, type TokenLimitsOptions } from '../../../ingest/receiver/token-limits.js';

export const ACME = makeToken();
export const OPERATOR = makeToken();
export const MAX_BODY_BYTES = 64 * 1024;

/** A receiver without network: Kafka is a list, which can be told to fail or to wait. */
export interface FakeReceiver {
  readonly server: FastifyInstance;
  readonly produced: OutgoingMessage[];
  readonly metrics: ReceiverMetrics;
  kafka: () => Promise<void>;
  /** The requests in the messages that were produced. */
  requests(): ForeignRequest[];
}

export function fakeReceiver(
  limits: Partial<TokenLimitsOptions> = {},
  parts: Partial<ServerParts> = {},
): FakeReceiver {
  const metrics = new ReceiverMetrics();
  const produced: OutgoingMessage[] = [];
  const principals = new Map([
    [ACME, Principal.ofToken({ id: 't1', role: 'customer', customer: 'acme' })],
    [OPERATOR, Principal.ofToken({ id: 't2', role: 'operator', customer: '' })],
  ]);
  const receiver = { kafka: () => Promise.resolve() };
  const producer = {
    send: async (_topic: string, messages: readonly OutgoingMessage[]) => {
      await receiver.kafka();
      produced.push(...messages);
    },
  };
  const server = buildServer({
    authenticate: (token) => {
      const principal = principals.get(token);
      if (principal !== undefined) return Promise.resolve(principal);
      return Promise.reject(new BellwetherError('unauthorized', 'this token is not known'));
    },
    limits: new TokenLimits({
      concurrency: 8,
      concurrencyPerToken: 4,
      ratePerToken: 1_000,
      onRefused: (limit) => metrics.refused.inc({ limit }),
      ...limits,
    }),
    outlet: new Outlet({ producer, onFailure: () => metrics.kafkaFailures.inc() }),
    metrics,
    log: createLogger('test', 'silent'),
    maxBodyBytes: MAX_BODY_BYTES,
    retentionMs: 48 * 3_600_000,
    now: () => END_MS,
    notReady: () => undefined,
    ...parts,
  });
  return Object.assign(receiver, {
    server,
    produced,
    metrics,
    requests: () => produced.map(({ value }) => decodeForeign(value ?? new Uint8Array())),
  });
}
