import type { TimeRange } from './range.js';
import type { StoredRange } from './resolution.js';
import { sql } from './sql.js';

/** `time` within the bound `from_ms` (inclusive) and `to_ms` (exclusive). */
export const timeWithin = sql`time >= fromUnixTimestamp64Milli({from_ms:Int64}) AND time < fromUnixTimestamp64Milli({to_ms:Int64})`;

/** Values for {@link timeWithin}. */
export function bindTimes(range: TimeRange): { from_ms: number; to_ms: number } {
  return { from_ms: range.fromMs, to_ms: range.toMs };
}

/** Values for {@link timeWithin}, leaving out what is about to expire, so that a window is read whole or not at all. */
export function readFrom(range: StoredRange): { from_ms: number; to_ms: number } {
  return { from_ms: Math.max(range.fromMs, range.storedFromMs), to_ms: range.toMs };
}
