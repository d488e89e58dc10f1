import type { Drops, DropGroup, Fault } from '../api/answers.js';
import { causeRank } from './causes.js';

/** All reasons of one cause and fault, as one line of the list. */
export interface CauseEntry {
  readonly cause: string;
  readonly fault: Fault;
  readonly packets: number;
  readonly explanation: string;
  readonly remedy: string;
  /** Kernel names, most packets first. */
  readonly reasons: readonly { readonly reason: string; readonly packets: number }[];
}

/** Reasons gathered by cause and fault, most packets first, ordinary traffic last. */
export function causeEntries(drops: Drops): CauseEntry[] {
  const byKey = new Map<string, DropGroup[]>();
  for (const group of drops.groups) {
    if (packetsOf(group) === 0) continue;
    const key = `${group.cause}/${group.fault}`;
    byKey.set(key, [...(byKey.get(key) ?? []), group]);
  }
  return [...byKey.values()].flatMap(entryOf).sort(byImportance);
}

function entryOf(groups: readonly DropGroup[]): CauseEntry[] {
  const sorted = [...groups].sort((a, b) => packetsOf(b) - packetsOf(a));
  const [largest] = sorted;
  if (largest === undefined) return [];
  return [
    {
      cause: largest.cause,
      fault: largest.fault,
      packets: sorted.reduce((sum, group) => sum + packetsOf(group), 0),
      explanation: largest.explanation,
      remedy: largest.remedy,
      reasons: sorted.map((group) => ({ reason: group.reason, packets: packetsOf(group) })),
    },
  ];
}

function byImportance(a: CauseEntry, b: CauseEntry): number {
  const ordinary = Number(a.fault === 'normal') - Number(b.fault === 'normal');
  return ordinary || b.packets - a.packets || causeRank(a.cause) - causeRank(b.cause);
}

/** Packets by fault over the whole range. */
export function packetsByFault(drops: Drops): Record<Fault, number> {
  const sums: Record<Fault, number> = { customer: 0, platform: 0, external: 0, unknown: 0, normal: 0 };
  for (const group of drops.groups) sums[group.fault] += packetsOf(group);
  return sums;
}

/** End of the newest step that holds a drop worth a word, at most `now`; null when there is none. */
export function lastDropAt(drops: Drops, now: number): number | null {
  let last: number | null = null;
  for (const group of drops.groups) {
    if (group.fault === 'normal') continue;
    for (const point of group.points) {
      if ((point.packets ?? 0) > 0) last = Math.max(last ?? 0, point.time + drops.stepSeconds * 1_000);
    }
  }
  return last === null ? null : Math.min(last, now);
}

function packetsOf(group: DropGroup): number {
  return group.packets ?? 0;
}
