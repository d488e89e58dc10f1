import {
  coarsest,
  NO_RUNS,
  planStretches,
  type Resolution,
  type StoredRange,
  type Stretch,
} from '../plan/resolution.js';
import { planCoveredSteps, planHosts, planSessions } from '../plan/coverage.js';
import type { Executor } from '../plan/executor.js';
import { finestStored, floorsOf, onlyRaw, tieredRange, type Retention } from '../plan/retention.js';
import { planCleanRuns, runsOf } from '../plan/seals.js';
import {
  alignOutward,
  parseRange,
  parseSteppedRange,
  type RangeRequest,
  type TimeRange,
} from '../plan/range.js';
import type { Scope } from '../plan/scope.js';
import { formatTime } from '../plan/time.js';
import type { Gate } from '../http/gate.js';
import { completenessOf, freshnessOf, plainSessions, type Completeness } from './completeness.js';

/** What the views work with; made once in main.ts. */
export interface ViewContext {
  readonly executor: Executor;
  readonly gate: Gate;
  readonly now: () => number;
  /** Length of a measured window. */
  readonly windowMs: number;
  /** How long after its end a window is expected to be in. */
  readonly graceMs: number;
  /** How long measurements are stored, by resolution. */
  readonly retention: Retention;
  /** How long sampled drops are stored. */
  readonly eventRetentionMs: number;
  /** Customers who hold a token. */
  readonly tokenCustomers: () => string[];
}

export interface Sureness {
  readonly freshness: string | null;
  readonly completeness: Completeness;
}

/**
 * A range without steps of its own: the ledger of whole windows around it.
 * @param retentionMs how long what is asked for is stored; the ledger itself outlives everything without it
 */
export function wholeWindows(context: ViewContext, range: TimeRange, retentionMs = Infinity): StoredRange {
  const { windowMs } = context;
  const floor = Math.max(0, context.now() - retentionMs);
  const aligned = { ...alignOutward(range, windowMs), stepMs: windowMs };
  return onlyRaw(aligned, Math.ceil(floor / windowMs) * windowMs);
}

/** Reads from, to, step and resolution of a request about measurements. */
export function readStoredSteps(
  context: ViewContext,
  request: RangeRequest & { readonly resolution: 'auto' | 'raw' },
): StoredRange {
  const nowMs = context.now();
  const { windowMs, retention } = context;
  const floors = floorsOf(retention, nowMs);
  const rawOnly = request.resolution === 'raw';
  const finest = (fromMs: number) => (rawOnly ? windowMs : finestStored(floors, fromMs, windowMs));
  return tieredRange(parseSteppedRange(request, nowMs, windowMs, finest), floors, { windowMs, rawOnly });
}

/** Reads from and to of a request that has no step. */
export function readRange(context: ViewContext, request: RangeRequest): TimeRange {
  return parseRange(request, context.now());
}

/** How fresh and complete an answer of this scope and range is. */
export async function readSureness(
  context: ViewContext,
  scope: Scope,
  range: StoredRange,
  signal: AbortSignal,
): Promise<Sureness> {
  const nowMs = context.now();
  const hosts = await context.executor.run(planHosts(scope, range, nowMs), signal);
  const sessions =
    plainSessions(hosts, range) ?? (await context.executor.run(planSessions(scope, range), signal));
  const freshness = freshnessOf(hosts, nowMs);
  return {
    freshness: freshness === null ? null : formatTime(freshness),
    completeness: completenessOf(hosts, sessions, range, { nowMs, graceMs: context.graceMs }),
  };
}

/**
 * Sureness, and the steps that any window covers. Read it before the measurements: the writer puts a
 * window's rows in before its ledger row, so what the ledger names is there to be read, and an answer
 * never shows 0 for a window whose rows are still on their way.
 */
export async function readCoverage(
  context: ViewContext,
  scope: Scope,
  range: StoredRange,
  signal: AbortSignal,
): Promise<Sureness & { readonly coveredSteps: ReadonlySet<number> }> {
  const [sureness, covered] = await Promise.all([
    readSureness(context, scope, range, signal),
    context.executor.run(planCoveredSteps(scope, range), signal),
  ]);
  return { ...sureness, coveredSteps: new Set(covered.map((row) => row.step)) };
}

/**
 * What each part of the range is read at. Read it after the coverage and before the measurements: each read
 * then finds at least what the one before it has seen. What the ledger names was touched before (so a bucket
 * that misses it is not clean), and a bucket that is clean holds all that it was recomputed from, since a
 * recompute by one who knows less has a lower version and loses. The README of the API has the argument.
 */
export async function readStretches(
  context: ViewContext,
  range: StoredRange,
  signal: AbortSignal,
): Promise<readonly Stretch[]> {
  if (range.rollups.length === 0) return planStretches(range, NO_RUNS);
  const runs = await context.executor.run(planCleanRuns(range), signal);
  return planStretches(range, runsOf(runs));
}

/** The stretches as far as they lie in a range. */
export function withinRange(stretches: readonly Stretch[], range: TimeRange): Stretch[] {
  return stretches
    .map(({ fromMs, toMs, resolution }) => ({
      fromMs: Math.max(fromMs, range.fromMs),
      toMs: Math.min(toMs, range.toMs),
      resolution,
    }))
    .filter(({ fromMs, toMs }) => fromMs < toMs);
}

/** How an answer names what it was read at. */
export function resolutionOf(stretches: readonly Stretch[]): {
  resolution: Resolution;
  resolutions: { from: string; to: string; resolution: Resolution }[];
} {
  return {
    resolution: coarsest(stretches),
    resolutions: stretches.map(({ fromMs, toMs, resolution }) => ({
      from: formatTime(fromMs),
      to: formatTime(toMs),
      resolution,
    })),
  };
}
