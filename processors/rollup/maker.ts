import { classifyStoreError } from '../../common/clickhouse/errors.js';
import type { Clock } from '../../common/runtime/clock.js';
import { BellwetherError, messageOf } from '../../common/runtime/errors.js';
import type { Logger } from '../../common/runtime/log.js';
import type { TraceHeaders } from '../../common/telemetry/telemetry.js';
import { SAMPLES_KEPT_LONGER_HOURS } from '../../schema/retention.js';
import { LENGTH_MS, nameOf, spanOf } from './buckets.js';
import { decideDay, decideHour, decideMinute, hoursOf, type Decision } from './decide.js';
import type { RollupMetrics } from './metrics.js';
import type { Due, Schedule } from './schedule.js';
import type { RollupStore, Version } from './store.js';
import { inSpan, recomputeSpan } from './trace.js';

export interface MakerParts<T> {
  readonly store: RollupStore;
  readonly schedule: Schedule<T>;
  readonly metrics: RollupMetrics;
  readonly log: Logger;
  readonly clock: Clock;
  readonly rawRetentionMs: number;
  /** Called for each record of a bucket that is done with. */
  readonly onDone: (record: T) => void;
  /** The trace that a record came with, for the span of its recompute. */
  readonly headersOf?: (record: T) => TraceHeaders;
}

/** The engine removes raw rows when they expire: a recompute must have read them well before. */
const REMOVAL_MARGIN_MS = 120_000;

/** Buckets that one statement makes at most: late data of half an hour costs a few statements. */
export const TOGETHER = { minute: 15, hour: 4, day: 1 } as const;

/** Minutes before this can no longer be made from raw rows, Unix milliseconds. */
export function openFrom(nowMs: number, rawRetentionMs: number): number {
  return nowMs - rawRetentionMs - SAMPLES_KEPT_LONGER_HOURS * LENGTH_MS.hour + REMOVAL_MARGIN_MS;
}

/** Makes what is due. One bucket that fails does not hold up the others: it comes again later. */
export class Maker<T> {
  readonly #parts: MakerParts<T>;
  #trouble: string | undefined;

  constructor(parts: MakerParts<T>) {
    this.#parts = parts;
  }

  /** Why the store does not do what it is asked; undefined when it does. */
  get trouble(): string | undefined {
    return this.#trouble;
  }

  /**
   * All of one resolution. The counts of writes are read before the first recompute, so each version says at
   * most what its rows have seen.
   * @throws BellwetherError `store_unavailable` when nothing will be done until somebody acts.
   */
  async make(due: readonly Due<T>[]): Promise<void> {
    const { metrics } = this.#parts;
    const decisions = await this.#attempt(due, () => this.#decide(due));
    if (decisions === undefined) return;
    const toMake: Making<T>[] = [];
    for (const [position, bucket] of due.entries()) {
      const decision = decisions[position] ?? { kind: 'wait' };
      metrics.decisions.inc({ resolution: bucket.resolution, decision: decision.kind });
      if (decision.kind === 'make') toMake.push({ due: bucket, version: decision.version });
      else this.#done(bucket, decision.kind !== 'wait');
    }
    for (const together of inGroups(toMake)) {
      await this.#attempt(
        together.map((making) => making.due),
        () => this.#makeTraced(together),
      );
    }
  }

  async #decide(due: readonly Due<T>[]): Promise<Decision[]> {
    const { store, rawRetentionMs, clock } = this.#parts;
    const open = openFrom(clock.unixMs(), rawRetentionMs);
    const range = spanOf(due);
    const [first] = due;
    if (first?.resolution === 'minute') {
      const states = new Map((await store.minutes(range)).map((state) => [state.startMs, state]));
      return due.map(({ startMs }) => decideMinute(states.get(startMs), open));
    }
    const hours = await store.hours(range, open);
    if (first?.resolution === 'hour') {
      const states = new Map(hours.map((state) => [state.startMs, state]));
      return due.map(({ startMs }) => decideHour(states.get(startMs)));
    }
    const sealed = new Map((await store.days(range)).map((state) => [state.startMs, state.sealed]));
    return due.map(({ startMs }) => decideDay(hoursOf(startMs, hours), sealed.get(startMs) ?? 0));
  }

  #makeTraced(together: readonly Making<T>[]): Promise<void> {
    const resolution = together[0]?.due.resolution ?? 'minute';
    const records = () => together.flatMap(({ due }) => due.records);
    const headers = () => records().map((record) => this.#parts.headersOf?.(record) ?? {});
    return inSpan(
      `recompute ${resolution}`,
      () => this.#makeAll(together),
      () => recomputeSpan(resolution, together.length, headers()),
    );
  }

  async #makeAll(together: readonly Making<T>[]): Promise<void> {
    const { store, schedule, metrics, log } = this.#parts;
    const resolution = together[0]?.due.resolution ?? 'minute';
    const buckets = together.map(({ due: { startMs }, version }): Version => ({
      resolution,
      startMs,
      version,
    }));
    const end = metrics.recomputeSeconds.startTimer({ resolution });
    await store.recompute(buckets);
    await store.seal(buckets);
    const seconds = end();
    schedule.took(resolution, (seconds * 1_000) / buckets.length);
    metrics.recomputes.inc({ resolution }, buckets.length);
    log.debug({ buckets: buckets.map((bucket) => [nameOf(bucket), bucket.version]), seconds }, 'made');
    for (const { due } of together) this.#done(due, true);
  }

  /** @param mayFollow also where it stands: the process may have been killed between a seal and what follows. */
  #done(bucket: Due<T>, mayFollow: boolean): void {
    if (mayFollow) this.#parts.schedule.touchCoarser(bucket);
    bucket.records.forEach(this.#parts.onDone);
  }

  /** Undefined when it failed: then the buckets wait for another try. */
  async #attempt<R>(due: readonly Due<T>[], work: () => Promise<R>): Promise<R | undefined> {
    const { metrics, log, schedule, clock } = this.#parts;
    try {
      const result = await work();
      this.#trouble = undefined;
      return result;
    } catch (error) {
      const { action, code, name } = classifyStoreError(error);
      metrics.failures.inc({ code: name, action });
      if (action === 'stop') {
        const what = `the store refuses the rollup: ${messageOf(error)}`;
        throw new BellwetherError('store_unavailable', what, { cause: error });
      }
      this.#trouble = `${name}: ${messageOf(error)}`;
      const buckets = due.slice(0, 3).map(nameOf);
      log.warn({ code, name, buckets, error: messageOf(error) }, 'not made; trying again later');
      for (const bucket of due) schedule.putBack(bucket, clock.unixMs());
      return undefined;
    }
  }
}

interface Making<T> {
  readonly due: Due<T>;
  readonly version: number;
}

/** Made together as far as one statement should grow; what failed before is made alone, for it may be why. */
function inGroups<T>(makings: readonly Making<T>[]): Making<T>[][] {
  const groups: Making<T>[][] = [];
  let open: Making<T>[] = [];
  for (const making of makings) {
    if (making.due.failures > 0) {
      groups.push([making]);
      continue;
    }
    if (open.length === 0) groups.push(open);
    open.push(making);
    if (open.length === TOGETHER[making.due.resolution]) open = [];
  }
  return groups;
}
