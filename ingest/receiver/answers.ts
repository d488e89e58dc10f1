import { BellwetherError, type ErrorCode } from '../../common/runtime/errors.js';
import { encode, int64, maybe, message, one, string, uint32 } from '../../common/wire/protobuf.js';

export const PROTOBUF = 'application/x-protobuf';
export const JSON_TYPE = 'application/json';
/** A request is answered in its own encoding. */
export type Encoding = typeof PROTOBUF | typeof JSON_TYPE;

const partialSuccess = message({ rejectedDataPoints: one(1, int64), errorMessage: one(2, string) });
/** ExportMetricsServiceResponse */
const exportResponse = message({ partialSuccess: maybe(1, partialSuccess) });
/** google.rpc.Status, which OTLP asks for in every answer of failure. */
const status = message({ code: one(1, uint32), message: one(2, string) });

/** What is said to whoever sent points; without a message all is well. */
export interface Outcome {
  readonly rejectedPoints: number;
  /** What was wrong, also when nothing was rejected. */
  readonly message: string;
}

/** An `ExportMetricsServiceResponse`. */
export function successBody({ rejectedPoints, message: text }: Outcome, encoding: Encoding): Buffer {
  const isWhole = rejectedPoints === 0 && text === '';
  if (encoding === JSON_TYPE) {
    const told = { rejectedDataPoints: String(rejectedPoints), errorMessage: text };
    return Buffer.from(JSON.stringify(isWhole ? {} : { partialSuccess: told }));
  }
  const told = { rejectedDataPoints: rejectedPoints, errorMessage: text };
  return Buffer.from(encode(exportResponse, { partialSuccess: isWhole ? undefined : told }));
}

/** A `google.rpc.Status`. */
export function failureBody(error: BellwetherError, encoding: Encoding): Buffer {
  const said = { code: rpcCode(error.code), message: error.message };
  return Buffer.from(encoding === JSON_TYPE ? JSON.stringify(said) : encode(status, said));
}

/** google.rpc.Code: INVALID_ARGUMENT, NOT_FOUND, PERMISSION_DENIED, RESOURCE_EXHAUSTED, … */
const RPC_CODES: Readonly<Partial<Record<ErrorCode, number>>> = {
  bad_request: 3,
  message_invalid: 3,
  unsupported_media_type: 3,
  not_found: 5,
  forbidden: 7,
  payload_too_large: 8,
  too_many_requests: 8,
  method_not_allowed: 12,
  kafka_unavailable: 14,
  store_unavailable: 14,
  unauthorized: 16,
};
const INTERNAL = 13;

function rpcCode(code: ErrorCode): number {
  return RPC_CODES[code] ?? INTERNAL;
}
