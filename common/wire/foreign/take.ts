import { readOrigin } from './attributes.js';
import { PointRefused, type ForeignOrigin, type ForeignPoint, type RefusalReason } from './point.js';
import { checkName, readExponentialPoint, readGaugePoint, readHistogramPoint, readSumPoint } from './read.js';
import { NO_RECORDED_VALUE, type ForeignMetric, type ForeignRequest } from './schema.js';

/** Points that cannot be taken for one reason; the first of them stands for all. */
export interface Refusal {
  readonly reason: RefusalReason;
  readonly points: number;
  /** Where the first one stands and what is wrong with it. */
  readonly example: string;
}

export interface Taken {
  readonly points: readonly ForeignPoint[];
  /** One for each reason, in the order in which they were met. */
  readonly refusals: readonly Refusal[];
  /** Points that say themselves that they hold nothing. */
  readonly withoutValue: number;
}

/** Judges a point by more than what it says itself. @throws PointRefused. */
export type CheckPoint = (point: ForeignPoint) => void;

/**
 * Reads each point that can be taken. What cannot is told by reason, and taken out of the request, so that what
 * is left of it can be passed on.
 */
export function takePoints(request: ForeignRequest, check: CheckPoint = () => undefined): Taken {
  const taker = new Taker(check);
  for (const [r, { resource, scopeMetrics }] of request.resourceMetrics.entries()) {
    for (const [s, scoped] of scopeMetrics.entries()) {
      const at = `resourceMetrics[${r}].scopeMetrics[${s}]`;
      const points = scoped.metrics.reduce((total, metric) => total + countOf(metric), 0);
      const origin = taker.attempt(at, points, () => readOrigin(resource, scoped.scope?.name ?? ''));
      if (origin === undefined) scoped.metrics = [];
      else {
        scoped.metrics = scoped.metrics.filter((metric, m) =>
          taker.takeMetric(`${at}.metrics[${m}]`, metric, origin),
        );
      }
    }
  }
  return { points: taker.points, refusals: [...taker.refusals.values()], withoutValue: taker.withoutValue };
}

function countOf(metric: ForeignMetric): number {
  const { gauge, sum, histogram, exponentialHistogram, summary } = metric;
  return (gauge ?? sum ?? histogram ?? exponentialHistogram ?? summary)?.dataPoints.length ?? 0;
}

interface PointLike {
  readonly flags: number;
}

class Taker {
  readonly points: ForeignPoint[] = [];
  readonly refusals = new Map<RefusalReason, Refusal>();
  withoutValue = 0;
  readonly #check: CheckPoint;

  constructor(check: CheckPoint) {
    this.#check = check;
  }

  /** What `work` gives; undefined when it refuses, which is told for so many points. */
  attempt<T>(path: string, points: number, work: () => T): T | undefined {
    try {
      return work();
    } catch (error) {
      if (!(error instanceof PointRefused)) throw error;
      const { reason, message } = error;
      const before = this.refusals.get(reason);
      const example = before?.example ?? `${path}: ${message}`;
      this.refusals.set(reason, { reason, points: points + (before?.points ?? 0), example });
      return undefined;
    }
  }

  /** False when the metric as a whole is refused. Its points that are not taken are taken out of it. */
  takeMetric(path: string, metric: ForeignMetric, origin: ForeignOrigin): boolean {
    const isTaken = this.attempt(path, countOf(metric), () => {
      checkName(metric);
      const { gauge, sum, histogram, exponentialHistogram } = metric;
      const context = { metric, origin };
      if (gauge !== undefined) this.#keep(path, gauge, (point) => readGaugePoint(context, point));
      else if (sum !== undefined) this.#keep(path, sum, (point) => readSumPoint(context, point));
      else if (histogram !== undefined) {
        this.#keep(path, histogram, (point) => readHistogramPoint(context, point));
      } else if (exponentialHistogram !== undefined) {
        this.#keep(path, exponentialHistogram, (point) => readExponentialPoint(context, point));
      } else throw unsupported(metric);
      return true;
    });
    return isTaken === true;
  }

  #keep<P extends PointLike>(
    path: string,
    data: { dataPoints: P[] },
    read: (point: P) => ForeignPoint,
  ): void {
    data.dataPoints = data.dataPoints.filter((raw, p) => {
      if ((raw.flags & NO_RECORDED_VALUE) !== 0) {
        this.withoutValue += 1;
        return false;
      }
      const point = this.attempt(`${path}.dataPoints[${p}]`, 1, () => {
        const found = read(raw);
        this.#check(found);
        return found;
      });
      if (point === undefined) return false;
      this.points.push(point);
      return true;
    });
  }
}

function unsupported({ name, summary }: ForeignMetric): PointRefused {
  const found = summary === undefined ? 'has no kind that is known here' : 'is a summary';
  const right = 'right would be gauge, sum, histogram or exponential histogram';
  return new PointRefused('kind_unsupported', `${name} ${found}; ${right}`);
}
