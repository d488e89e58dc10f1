import { RowBinaryWriter } from '../../../common/clickhouse/row-binary.js';
import type { BatchHead } from '../../../common/wire/batch.js';
import { IRREGULAR } from '../../../common/wire/walk/byte-reader.js';
import type { PointSink, SeriesLabels } from '../../../common/wire/walk/signal-walker.js';
import type { WalkedHistogram } from '../../../common/wire/walk/walk.js';
import { seriesOf, sourceOf } from '../identity.js';
import { DROPS } from './drops.js';
import { writeLabels } from './labels.js';
import { writeWindow } from './samples.js';

/** A series as its rows need it. */
export interface RowLabel {
  /** The columns of `writeLabels`. */
  readonly bytes: Uint8Array;
  /** The low 32 bits of the series' hash. */
  readonly low: number;
  readonly isDrops: boolean;
}

/** count, sum and zero_count, and the lengths of two empty arrays */
const NO_HISTOGRAM = new Uint8Array(3 * 8 + 2);

/** The same rows as `sampleRows`, of a message that is walked over. */
export class WalkedSamples implements PointSink<RowLabel> {
  rows = 0;
  droppedPackets = 0;
  readonly #writer: RowBinaryWriter;
  readonly #aside = new RowBinaryWriter();
  readonly #seen = new Set<number>();
  #window: Uint8Array = NO_HISTOGRAM;

  constructor(writer: RowBinaryWriter) {
    this.#writer = writer;
  }

  begin(head: BatchHead): void {
    this.rows = 0;
    this.droppedPackets = 0;
    this.#seen.clear();
    this.#writer.clear();
    writeWindow(this.#aside, head, sourceOf(head.identity));
    this.#window = this.#aside.take();
  }

  label(labels: SeriesLabels): RowLabel {
    const series = seriesOf(labels.host.id, labels);
    writeLabels(this.#aside, labels, series);
    const isDrops = labels.kind === 'sum' && labels.signal === DROPS;
    return { bytes: this.#aside.take(), low: Number(BigInt.asIntN(32, series)), isDrops };
  }

  sum(label: RowLabel, value: number): void {
    const writer = this.#writer;
    this.#begin(label);
    writer.float64(value);
    writer.raw(NO_HISTOGRAM);
    if (label.isDrops) this.droppedPackets += value;
  }

  histogram(label: RowLabel, histogram: WalkedHistogram): void {
    const writer = this.#writer;
    this.#begin(label);
    writer.float64(0);
    writer.uint64(histogram.count);
    writer.float64(histogram.sum);
    writer.uint64(histogram.zeroCount);
    const { buckets, bucketIndexes, bucketCounts } = histogram;
    writer.length(buckets);
    for (let i = 0; i < buckets; i += 1) writer.int16(bucketIndexes[i] ?? 0);
    writer.length(buckets);
    for (let i = 0; i < buckets; i += 1) writer.uint64(bucketCounts[i] ?? 0);
  }

  /** Points of one key must become one row: the general path merges them. It also takes the rare mere likeness. */
  #begin(label: RowLabel): void {
    if (this.#seen.has(label.low)) throw IRREGULAR;
    this.#seen.add(label.low);
    this.rows += 1;
    this.#writer.raw(label.bytes);
    this.#writer.raw(this.#window);
  }
}
