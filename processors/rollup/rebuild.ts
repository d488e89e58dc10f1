import { BellwetherError } from '../../common/runtime/errors.js';
import { endOf, LENGTH_MS, startOf, type Resolution, type TimeRange } from './buckets.js';
import { decideDay, decideHour, hoursOf } from './decide.js';
import { openFrom, TOGETHER } from './maker.js';
import type { RollupStore, Version } from './store.js';

export interface RebuildOptions extends TimeRange {
  readonly store: RollupStore;
  readonly nowMs: number;
  readonly rawRetentionMs: number;
  /** Told after each statement. */
  readonly onProgress: (progress: RebuildProgress) => void;
}

export interface RebuildProgress {
  readonly resolution: Resolution;
  readonly made: number;
  readonly all: number;
}

export interface Rebuilt {
  /** First moment whose minutes were made anew, Unix milliseconds: later than asked where samples are gone. */
  readonly fromMs: number;
  readonly made: Readonly<Record<Resolution, number>>;
  /** Hours and days that were left to the rollup, because something in them is not sealed. */
  readonly left: number;
}

/**
 * Makes minutes, and the hours and days that they lie in, anew from what is stored. Under the same version as what
 * stands there: of equal versions the last one counts. Can be broken off and run again.
 * @throws BellwetherError `bad_request` when no samples of the range are kept; whatever the store throws.
 */
export async function rebuild(options: RebuildOptions): Promise<Rebuilt> {
  const { store, onProgress } = options;
  const range = rangeOf(options);
  const make = async (versions: readonly Version[]) => {
    const resolution = versions[0]?.resolution ?? 'minute';
    for (let at = 0; at < versions.length; at += TOGETHER[resolution]) {
      const together = versions.slice(at, at + TOGETHER[resolution]);
      await store.recompute(together);
      await store.seal(together);
      onProgress({ resolution, made: at + together.length, all: versions.length });
    }
  };
  const minutes = await minutesOf(store, range);
  await make(minutes);
  const hours = await hoursToMake(options, range, minutes);
  await make(hours.versions);
  const days = await daysToMake(options, range, minutes);
  await make(days.versions);
  return {
    fromMs: range.fromMs,
    made: { minute: minutes.length, hour: hours.versions.length, day: days.versions.length },
    left: hours.left + days.left,
  };
}

/** Whole minutes that have ended and whose samples are kept. */
function rangeOf({ fromMs, toMs, nowMs, rawRetentionMs }: RebuildOptions): TimeRange {
  const keptMs = Math.ceil(openFrom(nowMs, rawRetentionMs) / LENGTH_MS.minute) * LENGTH_MS.minute;
  const range = {
    fromMs: Math.max(startOf('minute', fromMs), keptMs),
    toMs: Math.min(Math.ceil(toMs / LENGTH_MS.minute) * LENGTH_MS.minute, startOf('minute', nowMs)),
  };
  if (range.fromMs < range.toMs) return range;
  if (fromMs >= nowMs) throw new BellwetherError('bad_request', 'the range has not begun yet');
  if (toMs <= keptMs) {
    const hours = rawRetentionMs / LENGTH_MS.hour;
    throw new BellwetherError(
      'bad_request',
      `nothing to rebuild before ${iso(keptMs)}: samples are kept for ${hours} h, and there is nothing older left that a minute could be made from; minutes, hours and days of that time stand as they were made`,
    );
  }
  throw new BellwetherError('bad_request', 'the range holds no whole minute that has ended');
}

async function minutesOf(store: RollupStore, range: TimeRange): Promise<Version[]> {
  const states = await store.minutes(range);
  return states
    .filter(({ written }) => written > 0)
    .map(({ startMs, written }) => ({ resolution: 'minute', startMs, version: written }));
}

interface Coarse {
  readonly versions: Version[];
  readonly left: number;
}

/** Hours of the minutes that have ended; what is not complete, the rollup makes when it is. */
async function hoursToMake(
  { store, nowMs, rawRetentionMs }: RebuildOptions,
  range: TimeRange,
  minutes: readonly Version[],
): Promise<Coarse> {
  const starts = endedStarts('hour', minutes, nowMs);
  const states = await store.hours(whole('hour', range), openFrom(nowMs, rawRetentionMs));
  const own = states.filter(({ startMs }) => starts.has(startMs));
  const versions = own
    .filter((state) => decideHour(state).kind !== 'wait')
    .map(({ startMs, attained }): Version => ({ resolution: 'hour', startMs, version: attained }));
  return { versions, left: starts.size - versions.length };
}

async function daysToMake(
  { store, nowMs, rawRetentionMs }: RebuildOptions,
  range: TimeRange,
  minutes: readonly Version[],
): Promise<Coarse> {
  const starts = endedStarts('day', minutes, nowMs);
  const hours = await store.hours(whole('day', range), openFrom(nowMs, rawRetentionMs));
  const versions = [...starts]
    .filter((startMs) => decideDay(hoursOf(startMs, hours), 0).kind !== 'wait')
    .map((startMs): Version => {
      const version = hoursOf(startMs, hours).reduce((sum, { sealed }) => sum + sealed, 0);
      return { resolution: 'day', startMs, version };
    });
  return { versions, left: starts.size - versions.length };
}

function endedStarts(resolution: 'hour' | 'day', minutes: readonly Version[], nowMs: number): Set<number> {
  const starts = minutes.map(({ startMs }) => startOf(resolution, startMs));
  return new Set(starts.filter((startMs) => endOf({ resolution, startMs }) <= nowMs));
}

/** The range, made larger to whole buckets. */
function whole(resolution: 'hour' | 'day', { fromMs, toMs }: TimeRange): TimeRange {
  const last = startOf(resolution, toMs - 1);
  return { fromMs: startOf(resolution, fromMs), toMs: endOf({ resolution, startMs: last }) };
}

const iso = (timeMs: number) => new Date(timeMs).toISOString();
