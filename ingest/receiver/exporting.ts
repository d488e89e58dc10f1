import { BellwetherError, messageOf } from '../../common/runtime/errors.js';
import { decodeForeign, encodeForeign, takePoints, type Taken } from '../../common/wire/foreign/index.js';
import { timeProblem, timeWindow } from '../../common/wire/time-window.js';
import { JSON_TYPE, type Encoding, type Outcome } from './answers.js';
import { protobufOfJson } from './otlp-json.js';
import { prune, stamp } from './stamp.js';

export interface Prepared {
  /** What goes to Kafka; undefined when nothing is left. */
  readonly message: Uint8Array | undefined;
  readonly taken: Taken;
  /** Points that the writer will refuse for their time. */
  readonly outOfTime: number;
}

export interface ExportContext {
  readonly customer: string;
  readonly nowMs: number;
  readonly retentionMs: number;
}

/**
 * A customer's request as the message that stands for it: stamped, and without what nobody could take. It
 * depends on the request and the customer alone and not on the time, so that the same request sent again is the
 * same message and is stored once. That is why points of a wrong time stay in it: the writer refuses them.
 * @throws BellwetherError `bad_request`, `payload_too_large`.
 */
export function prepareExport(body: Buffer, encoding: Encoding, context: ExportContext): Prepared {
  const request = readable(() => decodeForeign(encoding === JSON_TYPE ? protobufOfJson(body) : body));
  stamp(request, context.customer);
  const taken = takePoints(request);
  prune(request);
  const window = timeWindow(context.nowMs, context.retentionMs);
  const outOfTime = taken.points.filter(({ timeMs }) => timeProblem(window, timeMs, '') !== undefined).length;
  const message = request.resourceMetrics.length === 0 ? undefined : encodeForeign(request);
  return { message, taken, outOfTime };
}

/** What the sender is told. */
export function outcomeOf({ taken, outOfTime }: Prepared): Outcome {
  const told = taken.refusals.map(
    ({ reason, points, example }) => `${reason} (${points} points): ${example}`,
  );
  if (outOfTime > 0) {
    told.push(
      `${outOfTime} points are too old, or more than 5 minutes ahead of our clock: they are not shown`,
    );
  }
  const rejectedPoints = taken.refusals.reduce((total, { points }) => total + points, 0);
  return { rejectedPoints, message: told.join('; ') };
}

/** What decoding finds is the sender's to correct. */
function readable<T>(read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (!(error instanceof BellwetherError) || error.code !== 'message_invalid') throw error;
    throw new BellwetherError('bad_request', `the body cannot be read: ${messageOf(error)}`, {
      cause: error,
    });
  }
}
