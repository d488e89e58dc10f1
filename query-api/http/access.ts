import type { FastifyReply, FastifyRequest } from 'fastify';
import { z } from 'zod';
import { BellwetherError } from '../../common/runtime/errors.js';
import { bearerToken } from '../../common/auth/token.js';
import type { Principal } from '../../common/auth/principal.js';
import { CustomerScope, FleetScope } from '../plan/scope.js';

declare module 'fastify' {
  interface FastifyRequest {
    /** Set once the bearer token is verified. */
    principal: Principal | null;
    /** Set once the path is granted; views take it from here and nowhere else. */
    customerScope: CustomerScope | null;
    fleetScope: FleetScope | null;
  }
}

export type Authenticate = (token: string) => Promise<Principal>;

/** Hook that lets only verified tokens in. */
export function requireToken(authenticate: Authenticate) {
  return async (request: FastifyRequest): Promise<void> => {
    const token = bearerToken(request.headers.authorization);
    if (token === undefined) {
      throw new BellwetherError(
        'unauthorized',
        'the Authorization header holds no token; right would be "Authorization: Bearer bw_…" with a token made by `bellwether token create`',
      );
    }
    request.principal = await authenticate(token);
  };
}

const customerPath = z.object({ customer: z.string() });

/** Hook of `/v1/customers/{customer}/…`. It runs before validation, so another's path tells nothing at all. */
export async function requireCustomer(request: FastifyRequest): Promise<void> {
  request.customerScope = CustomerScope.grant(
    principalOf(request),
    customerPath.parse(request.params).customer,
  );
  return Promise.resolve();
}

/** Hook of operators' paths. */
export async function requireOperator(request: FastifyRequest): Promise<void> {
  request.fleetScope = FleetScope.grant(principalOf(request));
  return Promise.resolve();
}

/** Whose request it is. */
export function principalOf(request: FastifyRequest): Principal {
  if (request.principal !== null) return request.principal;
  throw new BellwetherError('unauthorized', 'no token was verified for this request');
}

/** @throws BellwetherError when the path was not granted: a route without its hook, a mistake of ours. */
export function granted<S>(scope: S | null): S {
  if (scope !== null) return scope;
  throw new BellwetherError('forbidden', 'this path was not granted to the request');
}

/** A signal that fires when the client goes away before it has its answer. */
export function goneSignal(reply: FastifyReply): AbortSignal {
  const controller = new AbortController();
  reply.raw.once('close', () => {
    if (!reply.raw.writableFinished) controller.abort();
  });
  return controller.signal;
}
