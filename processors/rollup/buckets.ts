/** A rollup, by the length of its buckets. */
export type Resolution = 'minute' | 'hour' | 'day';

/** From the shortest on; each is made from the one before, minutes from samples. */
export const RESOLUTIONS = ['minute', 'hour', 'day'] as const satisfies readonly Resolution[];

export const LENGTH_MS: Readonly<Record<Resolution, number>> = Object.freeze({
  minute: 60_000,
  hour: 3_600_000,
  day: 86_400_000,
});

/** One bucket: a minute, hour or day in UTC. */
export interface Bucket {
  readonly resolution: Resolution;
  /** Unix milliseconds, aligned. */
  readonly startMs: number;
}

/** The resolution that is made from this one. */
export function coarserThan(resolution: Resolution): 'hour' | 'day' | undefined {
  if (resolution === 'minute') return 'hour';
  return resolution === 'hour' ? 'day' : undefined;
}

/** Start of the bucket that the time lies in, Unix milliseconds. */
export function startOf(resolution: Resolution, timeMs: number): number {
  const length = LENGTH_MS[resolution];
  return Math.floor(timeMs / length) * length;
}

export function endOf({ resolution, startMs }: Bucket): number {
  return startMs + LENGTH_MS[resolution];
}

/** For maps and logs: `minute 2026-11-24T18:40:00.000Z`. */
export function nameOf({ resolution, startMs }: Bucket): string {
  return `${resolution} ${new Date(startMs).toISOString()}`;
}

/** From `fromMs` up to, not including, `toMs`; Unix milliseconds, whole seconds. */
export interface TimeRange {
  readonly fromMs: number;
  readonly toMs: number;
}

/** From the first of the buckets to the last; at least one. */
export function spanOf(buckets: readonly Bucket[]): TimeRange {
  return {
    fromMs: Math.min(...buckets.map(({ startMs }) => startMs)),
    toMs: Math.max(...buckets.map(endOf)),
  };
}
