import { hasZodFastifySchemaValidationErrors } from 'fastify-type-provider-zod';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { z } from 'zod';
import { BellwetherError, ERROR_KINDS, type ErrorCode } from '../../common/runtime/errors.js';
import { quoted } from '../plan/time.js';

export const PROBLEM_TYPE = 'application/problem+json';

/** RFC 9457. `code` is stable and the same word as in the error table. */
export const problemSchema = z
  .object({
    type: z.string().describe('urn:bellwether:error:CODE'),
    title: z.string().describe('The same for every occurrence of the code'),
    status: z.int(),
    detail: z.string().describe('What was wrong, where, and what would be right'),
    code: z.enum(Object.keys(ERROR_KINDS)),
    instance: z.string().describe('urn:uuid of this request; the log of the API has the same'),
  })
  .meta({ id: 'Problem' });

/** For clients that are to come back by themselves, seconds. */
const RETRY_AFTER = '1';

/** Turns whatever was thrown into an error of the table; what is nobody's business becomes `internal`. */
export function toBellwetherError(thrown: unknown, request?: FastifyRequest): BellwetherError {
  if (thrown instanceof BellwetherError) return thrown;
  if (hasZodFastifySchemaValidationErrors(thrown)) {
    return new BellwetherError('bad_request', describeValidation(thrown, request), { cause: thrown });
  }
  const status = statusOf(thrown);
  if (status === 413) {
    return new BellwetherError('payload_too_large', 'this API takes no request bodies', { cause: thrown });
  }
  if (status === 414 || status === 431) {
    return new BellwetherError('bad_request', 'the request line or its headers are too long', {
      cause: thrown,
    });
  }
  if (status !== undefined && status >= 400 && status < 500) {
    return new BellwetherError('bad_request', 'the request cannot be read', { cause: thrown });
  }
  return new BellwetherError(
    'internal',
    'the request failed for a reason of ours; the log has it under the instance',
    {
      cause: thrown,
    },
  );
}

/** The body of a problem answer. */
export function problemBody(code: ErrorCode, detail: string, requestId: string): string {
  const { status, title } = ERROR_KINDS[code];
  const type = `urn:bellwether:error:${code}`;
  return JSON.stringify({ type, title, status, detail, code, instance: `urn:uuid:${requestId}` });
}

/** Answers with a problem. It is sent as bytes, so that no schema of the route reshapes it. */
export function sendProblem(reply: FastifyReply, error: BellwetherError): FastifyReply {
  if (error.code === 'unauthorized') void reply.header('www-authenticate', 'Bearer realm="bellwether"');
  if (error.status === 429 || error.status === 503) void reply.header('retry-after', RETRY_AFTER);
  return reply
    .code(error.status)
    .header('content-type', PROBLEM_TYPE)
    .header('cache-control', 'no-store')
    .send(Buffer.from(problemBody(error.code, error.message, reply.request.id)));
}

const withStatus = z.object({ statusCode: z.int() });

function statusOf(thrown: unknown): number | undefined {
  const parsed = withStatus.safeParse(thrown);
  return parsed.success ? parsed.data.statusCode : undefined;
}

const fields = z.record(z.string(), z.unknown());
const unknownKeys = z.object({ params: z.object({ keys: z.array(z.string()) }) });

/** `limit: "0" is not valid; right would be …`, one sentence per parameter. */
function describeValidation(
  error: { validation: { instancePath: string; message?: string }[]; validationContext?: string | undefined },
  request: FastifyRequest | undefined,
): string {
  const held =
    fields.safeParse(error.validationContext === 'params' ? request?.params : request?.query).data ?? {};
  return error.validation
    .map((issue) => {
      const unknown = unknownKeys.safeParse(issue);
      if (unknown.success) return describeUnknown(unknown.data.params.keys, request);
      const name = issue.instancePath.split('/')[1] ?? error.validationContext ?? 'request';
      return `${name}: ${describeValue(held[name])}; ${issue.message ?? 'see /openapi.json for what would be right'}`;
    })
    .join('. ');
}

function describeValue(value: unknown): string {
  if (value === undefined) return 'is missing';
  if (Array.isArray(value)) return `was given ${value.length} times`;
  return typeof value === 'string' ? `${quoted(value)} is not valid` : 'is not valid';
}

function describeUnknown(keys: readonly string[], request: FastifyRequest | undefined): string {
  const schema = request?.routeOptions.schema?.querystring;
  const known = schema instanceof z.ZodObject ? Object.keys(schema.shape) : [];
  const right = known.length > 0 ? `right would be ${known.join(', ')}` : 'it takes none';
  return `${keys.map(quoted).join(', ')}: not a parameter of this path; ${right}`;
}
