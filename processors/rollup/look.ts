import type { GroupConsumer } from '../../common/kafka/consumer.js';
import type { Clock } from '../../common/runtime/clock.js';
import type { Component } from '../../common/runtime/component.js';
import { messageOf } from '../../common/runtime/errors.js';
import type { Logger } from '../../common/runtime/log.js';
import { endOf, LENGTH_MS, startOf, type Bucket } from './buckets.js';
import { decideDay, decideHour, decideMinute, finalUntil, hoursOf } from './decide.js';
import { openFrom } from './maker.js';
import type { RollupMetrics } from './metrics.js';
import type { RollupStore } from './store.js';

export interface LookParts {
  readonly store: RollupStore;
  readonly consumer: Pick<GroupConsumer, 'assignment'>;
  readonly metrics: RollupMetrics;
  readonly log: Logger;
  readonly clock: Clock;
  readonly lookMs: number;
  readonly delayMs: number;
  readonly rawRetentionMs: number;
  readonly minuteRetentionMs: number;
  /** Called for each bucket that should be made. */
  readonly onDirty: (bucket: Bucket) => void;
  /** Called after each look, by the one member that looks: all days before this are as they will stay. */
  readonly afterLook: (finalUntilMs: number) => Promise<void>;
}

/** Minutes and hours may be removed while they are read, so the last day of them is left alone. */
const MINUTE_MARGIN_MS = LENGTH_MS.day;

/**
 * Looks for buckets that were written to since their seal: a progress record that never came, or was lost with its
 * topic, costs a delay of two looks at most. Of a group only the member that has partition 0 looks.
 */
export function createLook(parts: LookParts): Component {
  const stop = new AbortController();
  let loop: Promise<void> | undefined;
  const work = async () => {
    /** Writes of the minutes that were dirty at the last look: what has changed since is being taken care of. */
    let before = new Map<number, number>();
    while (!stop.signal.aborted) {
      try {
        before = isLooker(parts.consumer) ? await look(parts, before) : forget(parts);
      } catch (error) {
        parts.log.warn({ error: messageOf(error) }, 'could not look for dirty buckets');
      }
      await parts.clock.sleep(parts.lookMs, stop.signal);
    }
  };
  return {
    start() {
      loop = work();
      return Promise.resolve();
    },
    async stop() {
      stop.abort();
      await loop;
    },
  };
}

function isLooker(consumer: Pick<GroupConsumer, 'assignment'>): boolean {
  return consumer.assignment().some(({ partition }) => partition === 0);
}

/** What another member sees is not 0 here. */
function forget({ metrics }: LookParts): Map<number, number> {
  metrics.dirtyBuckets.reset();
  metrics.oldestDirty.reset();
  return new Map();
}

async function look(parts: LookParts, before: ReadonlyMap<number, number>): Promise<Map<number, number>> {
  const nowMs = parts.clock.unixMs();
  const dirty = await lookAtMinutes(parts, nowMs);
  for (const [startMs, written] of dirty) {
    if (before.get(startMs) === written) parts.onDirty({ resolution: 'minute', startMs });
  }
  await parts.afterLook(await lookAtHoursAndDays(parts, nowMs));
  return dirty;
}

async function lookAtMinutes(parts: LookParts, nowMs: number): Promise<Map<number, number>> {
  const { store, metrics, delayMs, rawRetentionMs } = parts;
  const open = openFrom(nowMs, rawRetentionMs);
  const range = { fromMs: startOf('minute', open), toMs: startOf('minute', nowMs - delayMs) };
  const states = await store.minutes(range);
  const dirty = states.filter((state) => decideMinute(state, open).kind === 'make');
  metrics.dirtyBuckets.set({ resolution: 'minute' }, dirty.length);
  metrics.oldestDirty.set((dirty[0]?.startMs ?? 0) / 1_000);
  return new Map(dirty.map(({ startMs, written }) => [startMs, written]));
}

/** @returns up to which day all are as they will stay. */
async function lookAtHoursAndDays(parts: LookParts, nowMs: number): Promise<number> {
  const { store, metrics, delayMs, rawRetentionMs, minuteRetentionMs } = parts;
  const hasEnded = (bucket: Bucket) => endOf(bucket) + delayMs <= nowMs;
  const fromMs = startOf('day', nowMs - minuteRetentionMs + MINUTE_MARGIN_MS) + LENGTH_MS.day;
  const range = { fromMs, toMs: nowMs };
  const hours = await store.hours(range, openFrom(nowMs, rawRetentionMs));
  const days = new Map((await store.days(range)).map(({ startMs, sealed }) => [startMs, sealed]));
  const dirtyHours = hours
    .filter((state) => decideHour(state).kind === 'make')
    .map(({ startMs }): Bucket => ({ resolution: 'hour', startMs }))
    .filter(hasEnded);
  const dirtyDays = [...new Set(hours.map(({ startMs }) => startOf('day', startMs)))]
    .filter((day) => decideDay(hoursOf(day, hours), days.get(day) ?? 0).kind === 'make')
    .map((startMs): Bucket => ({ resolution: 'day', startMs }))
    .filter(hasEnded);
  metrics.dirtyBuckets.set({ resolution: 'hour' }, dirtyHours.length);
  metrics.dirtyBuckets.set({ resolution: 'day' }, dirtyDays.length);
  [...dirtyHours, ...dirtyDays].forEach(parts.onDirty);
  return finalUntil(hours, days, startOf('day', nowMs - rawRetentionMs));
}
