/**
 * OTLP metrics of anyone: what an OpenTelemetry SDK or Collector exports, point by point, each taken or refused
 * with a reason.
 */
import { BellwetherError } from '../../runtime/errors.js';
import { decode, encode } from '../protobuf.js';
import { foreignRequest, type ForeignRequest } from './schema.js';

export { isAgentMessage } from './is-agent.js';
export {
  FOREIGN_KINDS,
  PointRefused,
  REFUSAL_REASONS,
  type ForeignKind,
  type ForeignOrigin,
  type ForeignPoint,
  type RefusalReason,
} from './point.js';
export { textValueOf, type ForeignRequest } from './schema.js';
export { takePoints, type CheckPoint, type Refusal, type Taken } from './take.js';

/**
 * Reads an `ExportMetricsServiceRequest` of anyone.
 * @throws BellwetherError `message_invalid` when it is none, or has nothing in it that could be one's.
 */
export function decodeForeign(bytes: Uint8Array): ForeignRequest {
  const request = decode(foreignRequest, bytes);
  if (request.resourceMetrics.length > 0) return request;
  // Random bytes may well be protobuf with fields that nobody knows.
  throw new BellwetherError('message_invalid', 'resourceMetrics is empty: this is no OTLP metrics message');
}

/** The bytes of a request; equal requests have equal bytes. */
export function encodeForeign(request: ForeignRequest): Uint8Array {
  return encode(foreignRequest, request);
}
