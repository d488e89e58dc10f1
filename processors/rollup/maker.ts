import { classifyStoreError } from '../../common/clickhouse/errors.js';
import type { Clock } from '../../common/runtime/clock.js';
import { BellwetherError, messageOf } from '../../common/runtime/errors.js';
import type { Logger } from '../../common/runtime/log.js';
import { endOf, nameOf, type Bucket } from './buckets.js';
import { decideDay, decideHour, decideMinute, hoursOf, type Decision } from './decide.js';
import type { RollupMetrics } from './metrics.js';
import type { Due, Schedule } from './schedule.js';
import type { RollupStore, TimeRange } from './store.js';

export interface MakerParts<T> {
  readonly store: RollupStore;
  readonly schedule: Schedule<T>;
  readonly metrics: RollupMetrics;
  readonly log: Logger;
  readonly clock: Clock;
  readonly rawRetentionMs: number;
  /** Called for each record of a bucket that is done with. */
  readonly onDone: (record: T) => void;
}

/** The engine removes raw rows when they are too old: a recompute must have read them well before. */
const REMOVAL_MARGIN_MS = 120_000;

/** Minutes before this can no longer be made from raw rows, Unix milliseconds. */
export function openFrom(nowMs: number, rawRetentionMs: number): number {
  return nowMs - rawRetentionMs + REMOVAL_MARGIN_MS;
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
    const decisions = await this.#attempt(due, () => this.#decide(due));
    if (decisions === undefined) return;
    for (const [position, bucket] of due.entries()) {
      const decision = decisions[position] ?? { kind: 'wait' };
      await this.#attempt([bucket], () => this.#carryOut(bucket, decision));
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

  async #carryOut(bucket: Due<T>, decision: Decision): Promise<void> {
    const { metrics, schedule, onDone } = this.#parts;
    metrics.decisions.inc({ resolution: bucket.resolution, decision: decision.kind });
    if (decision.kind === 'make') await this.#makeOne(bucket, decision.version);
    // Also where it stands: the process may have been killed between a seal and what follows from it.
    if (decision.kind !== 'wait') schedule.touchCoarser(bucket);
    bucket.records.forEach(onDone);
  }

  async #makeOne(bucket: Bucket, version: number): Promise<void> {
    const { store, metrics, log } = this.#parts;
    const { resolution } = bucket;
    const end = metrics.recomputeSeconds.startTimer({ resolution });
    await store.recompute(bucket, version);
    await store.seal(bucket, version);
    const seconds = end();
    metrics.recomputes.inc({ resolution });
    log.debug({ bucket: nameOf(bucket), version, seconds }, 'made');
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

function spanOf(due: readonly Bucket[]): TimeRange {
  const starts = due.map(({ startMs }) => startMs);
  return { fromMs: Math.min(...starts), toMs: Math.max(...due.map(endOf)) };
}
