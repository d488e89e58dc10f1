import type { SignalName } from '../../common/signals/catalogue.js';
import type { HistogramPoint, Owner, Point, SumPoint } from '../../common/wire/batch.js';
import type { HistogramDelta } from '../source/window.js';

type Attributes = Readonly<Record<string, string>>;

interface MutableHistogram {
  readonly point: HistogramPoint;
  count: number;
  zeroCount: number;
  sum: number;
  readonly buckets: Map<number, number>;
}

/** The points of one window: those of equal signal, owner and attributes are one. */
export class PointTable {
  readonly #sums = new Map<string, { point: SumPoint; value: number }>();
  readonly #histograms = new Map<string, MutableHistogram>();
  readonly #unattributed = new Map<string, number>();

  /** Adds to a sum; nothing is not a point. */
  add(signal: SignalName, owner: Owner, attributes: Attributes, value: number): void {
    if (value === 0) return;
    this.#count(signal, owner, value);
    const key = keyOf(signal, owner, attributes);
    const known = this.#sums.get(key);
    if (known !== undefined) known.value += value;
    else this.#sums.set(key, { point: { kind: 'sum', signal, owner, attributes, value }, value });
  }

  addHistogram(signal: SignalName, owner: Owner, attributes: Attributes, delta: HistogramDelta): void {
    this.#count(signal, owner, delta.count);
    const key = keyOf(signal, owner, attributes);
    const known = this.#histograms.get(key) ?? emptyHistogram(signal, owner, attributes);
    this.#histograms.set(key, known);
    known.count += delta.count;
    known.zeroCount += delta.zeroCount;
    known.sum += delta.sum;
    delta.bucketIndexes.forEach((index, i) => {
      known.buckets.set(index, (known.buckets.get(index) ?? 0) + (delta.bucketCounts[i] ?? 0));
    });
  }

  /** Values without an owner, by signal. */
  get unattributed(): Record<string, number> {
    return Object.fromEntries(this.#unattributed);
  }

  /** Those of customers first: when there is not room for all, the unattributed ones go. */
  points(): Point[] {
    const points: Point[] = [
      ...[...this.#sums.values()].map(({ point, value }) => ({ ...point, value })),
      ...[...this.#histograms.values()].map(finished),
    ];
    return points.sort((a, b) => rank(a) - rank(b) || compare(a.owner.customer, b.owner.customer));
  }

  #count(signal: SignalName, owner: Owner, value: number): void {
    if (owner.customer !== '') return;
    this.#unattributed.set(signal, (this.#unattributed.get(signal) ?? 0) + value);
  }
}

function rank(point: Point): number {
  return point.owner.customer === '' ? 1 : 0;
}

function compare(a: string, b: string): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}

function keyOf(signal: SignalName, owner: Owner, attributes: Attributes): string {
  return JSON.stringify([signal, owner.customer, owner.app, owner.instance, ...Object.entries(attributes)]);
}

function emptyHistogram(signal: SignalName, owner: Owner, attributes: Attributes): MutableHistogram {
  const point: HistogramPoint = {
    kind: 'exponential_histogram',
    signal,
    owner,
    attributes,
    count: 0,
    zeroCount: 0,
    sum: 0,
    bucketIndexes: [],
    bucketCounts: [],
  };
  return { point, count: 0, zeroCount: 0, sum: 0, buckets: new Map() };
}

function finished({ point, count, zeroCount, sum, buckets }: MutableHistogram): HistogramPoint {
  const bucketIndexes = [...buckets.keys()].sort((a, b) => a - b);
  const bucketCounts = bucketIndexes.map((index) => buckets.get(index) ?? 0);
  return { ...point, count, zeroCount, sum, bucketIndexes, bucketCounts };
}
