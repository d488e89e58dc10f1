import type { BatchHead } from '../../../common/wire/batch.js';
import { IRREGULAR } from '../../../common/wire/walk/byte-reader.js';
import type { PointSink, SeriesLabels, WalkedHistogram } from '../../../common/wire/walk/point-sink.js';
import { seriesOf } from '../identity.js';
import { RowLabel } from './row-label.js';
import { SampleRowsBuilder, type SampleRows } from './sample-rows.js';

/** The same rows as `sampleRows`, of a message that is walked over. */
export class WalkedSamples implements PointSink<RowLabel> {
  droppedPackets = 0;
  readonly #builder = new SampleRowsBuilder();
  readonly #seen = new Set<number>();

  begin(): void {
    this.droppedPackets = 0;
    this.#seen.clear();
    this.#builder.clear();
  }

  label(labels: SeriesLabels): RowLabel {
    return new RowLabel(labels, seriesOf(labels.host.id, labels));
  }

  sum(label: RowLabel, value: number): void {
    this.#refuseTwice(label);
    this.#builder.sum(label, value);
    if (label.isDrops) this.droppedPackets += value;
  }

  histogram(label: RowLabel, histogram: WalkedHistogram): void {
    this.#refuseTwice(label);
    this.#builder.histogram(label, histogram);
  }

  take(head: BatchHead): SampleRows {
    return this.#builder.take(head);
  }

  /**
   * Points of one series must become one row: the general path adds them up. Half of the hash is enough to see
   * that: once in 200,000 messages of 200 points two series look alike, and the general path tells them apart.
   */
  #refuseTwice(label: RowLabel): void {
    // As a signed number of 32 bits, which V8 does not put on the heap.
    const half = label.seriesLow | 0;
    if (this.#seen.has(half)) throw IRREGULAR;
    this.#seen.add(half);
  }
}
