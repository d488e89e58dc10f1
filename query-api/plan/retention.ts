import { BUCKET_MS, rollupsFor, type StoredRange } from './resolution.js';
import type { SteppedRange } from './range.js';

/** How long each tier is kept; the tables' TTL says the same. */
export interface Retention {
  /** Windows as they were measured. */
  readonly rawMs: number;
  readonly minuteMs: number;
  /** Hours and days. */
  readonly rollupMonths: number;
}

/** From when on each tier is still stored, Unix milliseconds. */
export interface Floors {
  readonly rawMs: number;
  readonly minuteMs: number;
  readonly rollupMs: number;
}

export function floorsOf(retention: Retention, nowMs: number): Floors {
  const rollup = new Date(nowMs);
  rollup.setUTCMonth(rollup.getUTCMonth() - retention.rollupMonths);
  return {
    rawMs: nowMs - retention.rawMs,
    minuteMs: nowMs - retention.minuteMs,
    rollupMs: rollup.getTime(),
  };
}

/** Every step that an answer from `fromMs` on can be made of is a multiple of this: the finest that is stored. */
export function finestStored(floors: Floors, fromMs: number, windowMs: number): number {
  if (fromMs >= floors.rawMs) return windowMs;
  return fromMs >= floors.minuteMs ? BUCKET_MS.minute : BUCKET_MS.hour;
}

/**
 * Marks from when on a range is still stored, which depends on its steps: the coarser they are, the further
 * back. Each mark lies on a boundary of what is read there, so that a window or bucket is whole or not there.
 * @param rawOnly rollups are not read, whatever the steps
 */
export function tieredRange(
  range: SteppedRange,
  floors: Floors,
  { windowMs, rawOnly }: { readonly windowMs: number; readonly rawOnly: boolean },
): StoredRange {
  const rollups = rawOnly ? [] : rollupsFor(range.stepMs);
  const up = (timeMs: number, unitMs: number) => Math.ceil(timeMs / unitMs) * unitMs;
  if (rollups.length === 0) return onlyRaw(range, up(floors.rawMs, windowMs));
  const hourly = rollups.includes('hour');
  const rawFromMs = up(floors.rawMs, BUCKET_MS.minute);
  const minuteFromMs = up(floors.minuteMs, hourly ? BUCKET_MS.hour : BUCKET_MS.minute);
  const rollupFromMs = up(floors.rollupMs, BUCKET_MS.hour);
  const storedFromMs = Math.min(rawFromMs, minuteFromMs, hourly ? rollupFromMs : Infinity);
  return { ...range, rollups, storedFromMs, rawFromMs, minuteFromMs, rollupFromMs };
}

/** A range of which nothing is stored but rows as they came, from `storedFromMs` on. */
export function onlyRaw(range: SteppedRange, storedFromMs: number): StoredRange {
  const same = { rawFromMs: storedFromMs, minuteFromMs: storedFromMs, rollupFromMs: storedFromMs };
  return { ...range, ...same, rollups: [], storedFromMs };
}
