import type { BatchHead, Host, Owner, Point } from '../batch.js';

/** Scale-3 histogram over seconds, sparse and ascending; the arrays' first `buckets` entries count. */
export interface WalkedHistogram {
  count: number;
  zeroCount: number;
  sum: number;
  buckets: number;
  readonly bucketIndexes: Int16Array;
  readonly bucketCounts: Float64Array;
}

/** What all points of one series of a host have in common, checked. */
export interface SeriesLabels {
  readonly host: Host;
  readonly owner: Owner;
  readonly signal: string;
  readonly kind: Point['kind'];
  readonly attributes: Readonly<Record<string, string>>;
}

/** Who is told of the points of a message, one after the other. May throw `IRREGULAR` to end the walk. */
export interface PointSink<L> {
  begin(head: BatchHead): void;
  /** Called once for a series; what it returns is remembered and comes with each point of it. */
  label(labels: SeriesLabels): L;
  sum(label: L, value: number): void;
  /** The histogram is the same object each time: to be read at once. */
  histogram(label: L, histogram: WalkedHistogram): void;
}
