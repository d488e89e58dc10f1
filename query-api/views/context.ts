import type { StoredRange } from '../plan/clauses.js';
import { planCoveredSteps, planHosts, planSessions } from '../plan/coverage.js';
import type { Executor } from '../plan/executor.js';
import {
  alignOutward,
  parseRange,
  parseSteppedRange,
  type RangeRequest,
  type SteppedRange,
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
  /** How long the windows' measurements are stored. */
  readonly rawRetentionMs: number;
  /** How long sampled drops are stored. */
  readonly eventRetentionMs: number;
  /** Customers who hold a token. */
  readonly tokenCustomers: () => string[];
}

export interface Sureness {
  readonly freshness: string | null;
  readonly completeness: Completeness;
}

/** Marks from when on a range is still stored, on a window boundary. */
export function storedRange(
  range: SteppedRange,
  stored: { readonly nowMs: number; readonly retentionMs: number; readonly windowMs: number },
): StoredRange {
  const floor = stored.nowMs - stored.retentionMs;
  return { ...range, storedFromMs: Math.ceil(floor / stored.windowMs) * stored.windowMs };
}

/** A range without steps of its own: the ledger of whole windows around it, as one step. */
export function wholeWindows(context: ViewContext, range: TimeRange): SteppedRange {
  const aligned = alignOutward(range, context.windowMs);
  return { ...aligned, stepMs: context.windowMs };
}

/** Reads from, to and step of a request about the windows' measurements. */
export function readStoredSteps(context: ViewContext, request: RangeRequest): StoredRange {
  const nowMs = context.now();
  const { windowMs, rawRetentionMs: retentionMs } = context;
  return storedRange(parseSteppedRange(request, nowMs, windowMs), { nowMs, retentionMs, windowMs });
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
