import type { Drops, Latency } from '../api/answers.js';
import { causeRank } from '../words/causes.js';

/** A column of a chart: null is a gap. */
export type Column = (number | null)[];

/** Time from–to in Unix seconds. */
export interface Span {
  readonly from: number;
  readonly to: number;
}

/** Steps of one chart in Unix seconds, with what was not measured told apart from what is not here yet. */
export interface Steps extends Span {
  readonly times: number[];
  readonly stepSeconds: number;
  /** Of each step, whether anything was received that covers it. */
  readonly measured: readonly boolean[];
  /** Steps that should have arrived and did not. */
  readonly gaps: readonly Span[];
  /** From here on the answer is not complete yet. */
  readonly pendingFrom: number;
}

export interface DropSteps extends Steps {
  /** From the bottom of the stack to its top. */
  readonly causes: readonly string[];
  /** Packets of each cause (same order) in each step. */
  readonly packets: readonly Column[];
}

export interface LatencySteps extends Steps {
  readonly count: Column;
  readonly p50: Column;
  readonly p90: Column;
  readonly p99: Column;
}

/** Drops by cause and step. Which steps were measured, the points of all groups together say. */
export function dropSteps(drops: Drops): DropSteps {
  const byCause = new Map<string, Map<number, number | null>>();
  for (const group of drops.groups) {
    const sums = byCause.get(group.cause) ?? new Map<number, number | null>();
    byCause.set(group.cause, sums);
    for (const { time, packets } of group.points) {
      const before = sums.get(time);
      sums.set(time, packets === null ? (before ?? null) : (before ?? 0) + packets);
    }
  }
  const times = drops.points.map((point) => point.time);
  const measured = drops.points.map((point) => point.packets !== null);
  const causes = [...byCause.keys()].sort((a, b) => causeRank(a) - causeRank(b));
  const packets = causes.map((cause) =>
    times.map((time, index) => (measured[index] === true ? (byCause.get(cause)?.get(time) ?? 0) : null)),
  );
  return { ...stepsOf(drops, times, measured), causes, packets };
}

export function latencySteps(latency: Latency): LatencySteps {
  const { points } = latency;
  const measured = points.map((point) => point.count !== null);
  const times = points.map((point) => point.time);
  return {
    ...stepsOf(latency, times, measured),
    count: points.map((point) => point.count),
    p50: points.map((point) => point.p50),
    p90: points.map((point) => point.p90),
    p99: points.map((point) => point.p99),
  };
}

/** Why a step has no value: empty when it was measured. */
export function absence(steps: Steps, index: number): '' | 'not measured' | 'not here yet' {
  const time = steps.times[index];
  if (time === undefined || steps.measured[index] === true) return '';
  return time + steps.stepSeconds > steps.pendingFrom ? 'not here yet' : 'not measured';
}

/**
 * Start of the first step that was measured, Unix milliseconds, where the range holds a good piece before
 * it of which nothing is known; undefined where it was measured from its start, or not at all.
 */
export function measuredSince(steps: Steps): number | undefined {
  const first = steps.times[steps.measured.indexOf(true)];
  return first === undefined || first - steps.from < 2 * steps.stepSeconds ? undefined : first * 1_000;
}

/** Running sums from the bottom of the stack up; null stays null. */
export function cumulative(columns: readonly Column[]): Column[] {
  const stacked: Column[] = [];
  for (const column of columns) {
    const below = stacked.at(-1);
    stacked.push(column.map((value, index) => (value === null ? null : value + (below?.[index] ?? 0))));
  }
  return stacked;
}

type Answer = Pick<Drops, 'from' | 'to' | 'freshness' | 'stepSeconds'>;

function stepsOf(answer: Answer, times: readonly number[], measured: readonly boolean[]): Steps {
  const { stepSeconds } = answer;
  const from = answer.from / 1_000;
  const to = answer.to / 1_000;
  const pendingFrom =
    answer.freshness === null ? from : Math.min(Math.max(answer.freshness / 1_000, from), to);
  const gaps: Span[] = [];
  for (const [index, time] of times.entries()) {
    const start = Math.max(time / 1_000, from);
    const end = Math.min(time / 1_000 + stepSeconds, pendingFrom);
    if (measured[index] === true || end <= start) continue;
    const last = gaps.at(-1);
    if (last !== undefined && last.to >= start) gaps[gaps.length - 1] = { from: last.from, to: end };
    else gaps.push({ from: start, to: end });
  }
  return { from, to, stepSeconds, measured, times: times.map((time) => time / 1_000), gaps, pendingFrom };
}
