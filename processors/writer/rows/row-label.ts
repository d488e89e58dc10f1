import { RowBinaryWriter } from '../../../common/clickhouse/row-binary.js';
import type { Point } from '../../../common/wire/batch.js';
import type { SeriesLabels } from '../../../common/wire/walk/point-sink.js';
import { byKey } from '../identity.js';
import { DROPS } from './drops.js';

const KIND_NUMBER: Readonly<Record<Point['kind'], number>> = { sum: 1, exponential_histogram: 2 };

/** Columns of texts that many rows share, in the order of {@link RowLabel.texts}. */
export const TEXT_COLUMNS = ['customer', 'metric', 'region', 'host', 'app', 'instance'] as const;

const aside = new RowBinaryWriter();

/** What all rows of a series have in common, as a block of `samples` needs it. */
export class RowLabel {
  /** Halves of the series' hash. */
  readonly seriesLow: number;
  readonly seriesHigh: number;
  readonly kind: number;
  readonly texts: readonly string[];
  /** Names of its attributes, sorted. */
  readonly keys: readonly string[];
  /** Their values, one after the other as they stand in the column. */
  readonly values: Uint8Array;
  readonly isHistogram: boolean;
  /** Its values are dropped packets. */
  readonly isDrops: boolean;
  /** Number of the block that `places` are of; 0: of none yet. */
  block = 0;
  /** Places of `texts`, then of `keys`, in the dictionaries of that block. */
  readonly places: Uint32Array;

  constructor({ host, owner, signal, kind, attributes }: SeriesLabels, series: bigint) {
    const sorted = Object.entries(attributes).sort(byKey);
    this.seriesLow = Number(series & 0xffff_ffffn);
    this.seriesHigh = Number(series >> 32n);
    this.kind = KIND_NUMBER[kind];
    this.texts = [owner.customer, signal, host.region, host.id, owner.app, owner.instance];
    this.keys = sorted.map(([key]) => key);
    for (const [, value] of sorted) aside.string(value);
    this.values = aside.take();
    this.isHistogram = kind === 'exponential_histogram';
    this.isDrops = kind === 'sum' && signal === DROPS;
    this.places = new Uint32Array(this.texts.length + this.keys.length);
  }
}
