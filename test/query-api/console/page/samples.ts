import type {
  DropGroup,
  DropPoint,
  Drops,
  Fault,
  Latency,
} from '../../../../query-api/console/page/api/answers.js';

/** 12:00:00 UTC of some day, Unix milliseconds; aligned to every step of the page. */
export const NOON = Date.UTC(2026, 4, 5, 12);

/** A group of one reason with these packets in steps of 10 s from NOON on. */
export function group(
  cause: string,
  fault: Fault,
  packets: (number | null)[],
  reason = cause.toUpperCase(),
): DropGroup {
  const known = packets.filter((value) => value !== null);
  return {
    reason,
    cause,
    fault,
    explanation: `${cause} explained`,
    remedy: `${cause} remedied`,
    packets: known.length === 0 ? null : known.reduce((sum, value) => sum + value, 0),
    points: packets.map((value, index) => ({ time: NOON + index * 10_000, packets: value })),
  };
}

/** What every answer says of itself; complete unless `change` says otherwise. */
export function scope(change: Partial<Omit<Drops, 'groups' | 'totals' | 'points'>> = {}) {
  return {
    customer: 'acme',
    from: NOON,
    to: NOON + 60_000,
    stepSeconds: 10,
    freshness: NOON + 60_000,
    completeness: { windowsExpected: 12, windowsReceived: 12, ratio: 1, pointsLost: 0 },
    resolution: 'raw',
    ...change,
  };
}

/** Packets of all groups in each of the six steps; null where none was measured. */
function together(groups: readonly DropGroup[]): DropPoint[] {
  return Array.from({ length: 6 }, (_, index) => {
    const values = groups.map(({ points }) => points[index]?.packets);
    const isMissing = values.length > 0 && values.every((value) => value === null);
    const sum = values.reduce<number>((total, value) => total + (value ?? 0), 0);
    return { time: NOON + index * 10_000, packets: isMissing ? null : sum };
  });
}

/** An answer of complete minutes from NOON on, unless `change` says otherwise. */
export function drops(groups: readonly DropGroup[], change: Partial<Drops> = {}): Drops {
  const packets = groups.reduce((sum, one) => sum + (one.packets ?? 0), 0);
  return {
    ...scope(),
    totals: { packets, bytes: packets * 100 },
    points: together(groups),
    groups,
    ...change,
  };
}

export function latency(counts: readonly (number | null)[], change: Partial<Latency> = {}): Latency {
  return {
    ...scope(),
    points: counts.map((count, index) => {
      const value = count === null || count === 0 ? null : 0.001;
      return { time: NOON + index * 10_000, count, p50: value, p90: value, p99: value };
    }),
    ...change,
  };
}
