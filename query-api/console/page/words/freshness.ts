import type { Completeness } from '../api/answers.js';
import { age, clock, count, counted, percent } from './format.js';

/** A window is 5 s and takes a few more to arrive; past this, what is shown is late. */
export const LATE_MS = 30_000;

export interface FreshnessWords {
  readonly text: string;
  readonly late: boolean;
}

/** "Complete up to 18:24:05, 4 s ago" */
export function freshnessWords(freshness: number | null, serverNow: number): FreshnessWords {
  if (freshness === null) return { text: 'No window is complete yet', late: true };
  const ageMs = Math.max(serverNow - freshness, 0);
  return { text: `Complete up to ${clock(freshness)}, ${age(ageMs)}`, late: ageMs > LATE_MS };
}

export interface CompletenessWords {
  readonly text: string;
  readonly whole: boolean;
}

/** "all 180 host windows arrived, nothing lost" */
export function completenessWords(completeness: Completeness): CompletenessWords {
  const { windowsExpected, windowsReceived, ratio, pointsLost } = completeness;
  const lost = pointsLost === 0 ? 'nothing lost' : `${counted(pointsLost, 'measurement')} lost`;
  if (ratio === null || windowsExpected === 0) {
    return { text: `no host windows expected, ${lost}`, whole: pointsLost === 0 };
  }
  const whole = windowsReceived >= windowsExpected;
  const windows = whole
    ? `all ${counted(windowsExpected, 'host window')} arrived`
    : `${percent(ratio)} of host windows arrived (${count(windowsReceived)} of ${count(windowsExpected)})`;
  return { text: `${windows}, ${lost}`, whole: whole && pointsLost === 0 };
}

const BUCKETS: ReadonlyMap<string, string> = new Map([
  ['minute', 'minutes'],
  ['hour', 'hours'],
  ['day', 'days'],
]);

/** "read from sealed minutes"; empty where all was read as it was measured. */
export function resolutionWords(resolution: string | null): string {
  const buckets = BUCKETS.get(resolution ?? '');
  return buckets === undefined ? '' : `read from sealed ${buckets}`;
}
