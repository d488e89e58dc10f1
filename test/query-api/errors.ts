import { BellwetherError, type ErrorCode } from '../../common/runtime/errors.js';

/** For assert.throws: a BellwetherError of that code whose message matches. */
export function hasCode(code: ErrorCode, message = /./) {
  return (error: unknown): boolean =>
    error instanceof BellwetherError && error.code === code && message.test(error.message);
}
