import { BellwetherError } from '../../common/runtime/errors.js';
import { formatDuration, parseDuration, parseTime, quoted } from './time.js';

/** As Prometheus: more steps than this in one answer help nobody and cost much. */
export const MAX_STEPS = 11_000;

/** What an automatic step aims at: enough for a chart. */
const AUTO_STEPS = 120;

const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const AUTO_CHOICES = [
  ...[1, 2, 5, 10, 15, 30].map((seconds) => seconds * SECOND),
  ...[1, 2, 5, 10, 15, 30].map((minutes) => minutes * MINUTE),
  ...[1, 2, 6, 12].map((hours) => hours * HOUR),
];

/** A stretch of time, from inclusive, to exclusive, Unix milliseconds. */
export interface TimeRange {
  readonly fromMs: number;
  readonly toMs: number;
}

/** A range cut into steps; from and to lie on step boundaries, counted from the Unix epoch. */
export interface SteppedRange extends TimeRange {
  readonly stepMs: number;
}

/** The time parameters of a request as they came. */
export interface RangeRequest {
  readonly from: string;
  readonly to: string;
  readonly step?: string | undefined;
}

export const DEFAULT_FROM = 'now-15m';
export const DEFAULT_TO = 'now';

/**
 * Reads from and to.
 * @throws BellwetherError `bad_request`
 */
export function parseRange(request: RangeRequest, nowMs: number): TimeRange {
  const fromMs = parseTime('from', request.from, nowMs);
  const toMs = parseTime('to', request.to, nowMs);
  if (fromMs < toMs) return { fromMs, toMs };
  throw new BellwetherError(
    'bad_request',
    `from: ${quoted(request.from)} is not before to (${quoted(request.to)}); right would be a from that is earlier than to`,
  );
}

/** The smallest range around this one that starts and ends on multiples of `unitMs`. */
export function alignOutward(range: TimeRange, unitMs: number): TimeRange {
  return {
    fromMs: Math.floor(range.fromMs / unitMs) * unitMs,
    toMs: Math.ceil(range.toMs / unitMs) * unitMs,
  };
}

/**
 * Reads from, to and step. The range grows outward to whole steps, so that no window is cut and
 * everything that happened between the from and the to that were asked for is inside.
 * @param windowMs length of a measured window: the finest step, and each step is a multiple of it
 * @param finestMs what of a range that begins then is stored: an automatic step is a multiple of this too
 * @throws BellwetherError `bad_request` or `too_many_points`
 */
export function parseSteppedRange(
  request: RangeRequest,
  nowMs: number,
  windowMs: number,
  finestMs: (fromMs: number) => number = () => windowMs,
): SteppedRange {
  const asked = parseRange(request, nowMs);
  const unitMs = leastCommonMultiple(windowMs, finestMs(asked.fromMs));
  const stepMs =
    request.step === undefined ? automaticStep(asked, unitMs) : parseStep(request.step, windowMs);
  const aligned = alignOutward(asked, stepMs);
  const steps = (aligned.toMs - aligned.fromMs) / stepMs;
  if (steps <= MAX_STEPS) return { ...aligned, stepMs };
  const enough = automaticStep(asked, unitMs);
  throw new BellwetherError(
    'too_many_points',
    `step: ${formatDuration(stepMs)} cuts this range into ${steps} steps, at most ${MAX_STEPS} are answered; step=${formatDuration(enough)} would do, or a shorter range`,
  );
}

function parseStep(text: string, windowMs: number): number {
  const step = parseDuration(text);
  if (step === undefined) {
    throw new BellwetherError(
      'bad_request',
      `step: ${quoted(text)} is not a step; right would be a duration such as 10s, 1m or 1h`,
    );
  }
  if (step % windowMs === 0) return step;
  const nearest = Math.max(1, Math.round(step / windowMs)) * windowMs;
  throw new BellwetherError(
    'bad_request',
    `step: ${quoted(text)} is not a multiple of the measured window of ${windowMs / SECOND} s; right would be ${nearest / SECOND}s`,
  );
}

/** The finest round step that gives a chart's worth of points and is a multiple of the unit. */
function automaticStep(range: TimeRange, unitMs: number): number {
  const length = range.toMs - range.fromMs;
  const fits = (step: number) => step % unitMs === 0 && length / step <= AUTO_STEPS;
  const round = AUTO_CHOICES.find(fits);
  if (round !== undefined) return round;
  const unit = length / AUTO_STEPS > DAY && DAY % unitMs === 0 ? DAY : unitMs;
  return Math.ceil(length / AUTO_STEPS / unit) * unit;
}

function leastCommonMultiple(a: number, b: number): number {
  let [divisor, rest] = [a, b];
  while (rest > 0) [divisor, rest] = [rest, divisor % rest];
  return (a / divisor) * b;
}

/** Start of each step, Unix milliseconds. */
export function stepsOf(range: SteppedRange): number[] {
  const count = (range.toMs - range.fromMs) / range.stepMs;
  return Array.from({ length: count }, (_, index) => range.fromMs + index * range.stepMs);
}
