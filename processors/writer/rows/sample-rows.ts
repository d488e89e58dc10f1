import type { BatchHead } from '../../../common/wire/batch.js';
import { sourceOf } from '../identity.js';
import type { RowLabel } from './row-label.js';

/** The rows of `samples` of one message: what a block is made from, series by label and numbers in arrays. */
export interface SampleRows {
  readonly rows: number;
  /** About so much memory they take until they are inserted. */
  readonly byteLength: number;
  /** Unix milliseconds. */
  readonly timeMs: number;
  readonly windowMs: number;
  readonly source: bigint;
  readonly labels: readonly RowLabel[];
  /** A sum's value; of a histogram the sum of its values. */
  readonly values: Float64Array;
  /** Of each histogram count, zero count and number of buckets, then their indexes, then their counts. */
  readonly histograms: Float64Array;
}

/** Sparse and ascending; the first `buckets` of the lists count. */
export interface HistogramValues {
  readonly count: number;
  readonly zeroCount: number;
  /** Seconds. */
  readonly sum: number;
  readonly buckets: number;
  readonly bucketIndexes: ArrayLike<number>;
  readonly bucketCounts: ArrayLike<number>;
}

const FIRST_CAPACITY = 256;
/** Of a row in a block, with its share of everything that it grows and is copied in: columns, label's place, values. */
const ROW_BYTES = 150;

/** Gathers the rows of one message after the other. */
export class SampleRowsBuilder {
  #labels: RowLabel[] = [];
  #values: number[] = [];
  #histograms = new Float64Array(FIRST_CAPACITY);
  #used = 0;

  /** Forgets what was added. */
  clear(): void {
    this.#labels = [];
    this.#values = [];
    this.#used = 0;
  }

  sum(label: RowLabel, value: number): void {
    this.#labels.push(label);
    this.#values.push(value);
  }

  histogram(label: RowLabel, histogram: HistogramValues): void {
    const { buckets, bucketIndexes, bucketCounts } = histogram;
    this.#labels.push(label);
    this.#values.push(histogram.sum);
    this.#ensure(3 + 2 * buckets);
    const into = this.#histograms;
    let at = this.#used;
    into[at++] = histogram.count;
    into[at++] = histogram.zeroCount;
    into[at++] = buckets;
    for (let i = 0; i < buckets; i += 1) into[at++] = bucketIndexes[i] ?? 0;
    for (let i = 0; i < buckets; i += 1) into[at++] = bucketCounts[i] ?? 0;
    this.#used = at;
  }

  /** The rows that were added, as those of this message; empty afterwards. */
  take(head: BatchHead): SampleRows {
    const labels = this.#labels;
    const values = Float64Array.from(this.#values);
    const histograms = this.#histograms.slice(0, this.#used);
    this.clear();
    return {
      rows: labels.length,
      byteLength: labels.length * ROW_BYTES + histograms.byteLength,
      timeMs: head.windowStartMs,
      windowMs: head.windowEndMs - head.windowStartMs,
      source: sourceOf(head.identity),
      labels,
      values,
      histograms,
    };
  }

  #ensure(more: number): void {
    const needed = this.#used + more;
    if (needed <= this.#histograms.length) return;
    const grown = new Float64Array(Math.max(needed, this.#histograms.length * 2));
    grown.set(this.#histograms.subarray(0, this.#used));
    this.#histograms = grown;
  }
}
