/** Below this, the difference may as well be the Date header's whole seconds and the way. */
const CLOCK_TOLERANCE_MS = 3_000;

/** The API's clock minus this computer's, from an HTTP date; undefined without one. */
export function offsetOf(date: string | null, nowMs = Date.now()): number | undefined {
  const offset = Date.parse(date ?? '') - nowMs;
  if (Number.isNaN(offset)) return undefined;
  return Math.abs(offset) < CLOCK_TOLERANCE_MS ? 0 : offset;
}
