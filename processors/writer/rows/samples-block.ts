import {
  lowCardinalityPrefix,
  nativeBlock,
  NativeDictionary,
  type NativeColumn,
} from '../../../common/clickhouse/native.js';
import { RowBinaryWriter } from '../../../common/clickhouse/row-binary.js';
import { TEXT_COLUMNS, type RowLabel } from './row-label.js';
import type { SampleRows } from './sample-rows.js';

/** Columns that are values one after the other. */
const PLAIN_TYPES = {
  series: 'UInt64',
  kind: 'Int8',
  time: "DateTime64(3, 'UTC')",
  source: 'UInt64',
  window_ms: 'UInt32',
  value: 'Float64',
  count: 'UInt64',
  sum: 'Float64',
  zero_count: 'UInt64',
} as const;
type Plain = keyof typeof PLAIN_TYPES;

/** In the order in which a block holds them. */
export const SAMPLES_COLUMNS = [
  ...TEXT_COLUMNS,
  ...(Object.keys(PLAIN_TYPES) as Plain[]),
  'bucket_indexes',
  'bucket_counts',
  'attributes',
] as const;

const writers = <K extends string>(names: readonly K[]): Record<K, RowBinaryWriter> =>
  Object.fromEntries(names.map((name) => [name, new RowBinaryWriter()])) as Record<K, RowBinaryWriter>;

/**
 * Rows of many messages as one Native block of `samples`. Against RowBinary it saves the store 2.5 of 5 µs a row
 * (measured), and here the copy of the labels: a row holds places in the block's dictionaries.
 */
export class SamplesBlock {
  #number = 0;
  #rows = 0;
  readonly #dictionaries = TEXT_COLUMNS.map(() => new NativeDictionary());
  readonly #keyDictionary = new NativeDictionary();
  readonly #texts = TEXT_COLUMNS.map(() => new RowBinaryWriter());
  readonly #plain = writers(Object.keys(PLAIN_TYPES) as Plain[]);
  readonly #bucketOffsets = new RowBinaryWriter();
  readonly #bucketIndexes = new RowBinaryWriter();
  readonly #bucketCounts = new RowBinaryWriter();
  #buckets = 0;
  readonly #attributeOffsets = new RowBinaryWriter();
  readonly #attributeKeys = new RowBinaryWriter();
  readonly #attributeValues = new RowBinaryWriter();
  #attributes = 0;

  /** One block of the rows of these messages. */
  of(messages: readonly SampleRows[]): Uint8Array[] {
    this.#number += 1;
    for (const message of messages) this.#add(message);
    return this.#take();
  }

  #add(message: SampleRows): void {
    const { labels, values, histograms } = message;
    this.#addWindow(message);
    const { value, count, sum, zero_count: zeroCount } = this.#plain;
    let at = 0;
    for (let row = 0; row < labels.length; row += 1) {
      const label = labels[row];
      if (label === undefined) break;
      this.#addLabel(label);
      const number = values[row] ?? 0;
      if (label.isHistogram) {
        value.float64(0);
        count.uint64(histograms[at] ?? 0);
        sum.float64(number);
        zeroCount.uint64(histograms[at + 1] ?? 0);
        at = this.#addBuckets(histograms, at + 2);
      } else {
        value.float64(number);
        count.uint64(0);
        sum.float64(0);
        zeroCount.uint64(0);
      }
      this.#bucketOffsets.uint64(this.#buckets);
    }
    this.#rows += labels.length;
  }

  /** The columns that are the same for all rows of a message. */
  #addWindow({ timeMs, source, windowMs, labels }: SampleRows): void {
    const { time, source: sources, window_ms: windows } = this.#plain;
    // The highest time that a message may say has no sign either.
    for (let row = 0; row < labels.length; row += 1) {
      time.uint64(timeMs);
      windows.uint32(windowMs);
    }
    const low = Number(source & 0xffff_ffffn);
    const high = Number(source >> 32n);
    for (let row = 0; row < labels.length; row += 1) {
      sources.uint32(low);
      sources.uint32(high);
    }
  }

  #addLabel(label: RowLabel): void {
    if (label.block !== this.#number) this.#place(label);
    const { places, keys } = label;
    const texts = this.#texts;
    for (let i = 0; i < texts.length; i += 1) texts[i]?.uint32(places[i] ?? 0);
    this.#plain.series.uint32(label.seriesLow);
    this.#plain.series.uint32(label.seriesHigh);
    this.#plain.kind.int8(label.kind);
    for (let i = 0; i < keys.length; i += 1) this.#attributeKeys.uint32(places[texts.length + i] ?? 0);
    this.#attributes += keys.length;
    this.#attributeOffsets.uint64(this.#attributes);
    if (keys.length > 0) this.#attributeValues.raw(label.values);
  }

  #place(label: RowLabel): void {
    const { texts, keys, places } = label;
    texts.forEach((text, i) => (places[i] = this.#dictionaries[i]?.placeOf(text) ?? 0));
    keys.forEach((key, i) => (places[texts.length + i] = this.#keyDictionary.placeOf(key)));
    label.block = this.#number;
  }

  /** @returns where the next histogram begins */
  #addBuckets(from: Float64Array, start: number): number {
    const buckets = from[start] ?? 0;
    const indexes = start + 1;
    const counts = indexes + buckets;
    for (let i = indexes; i < counts; i += 1) this.#bucketIndexes.int16(from[i] ?? 0);
    for (let i = counts; i < counts + buckets; i += 1) this.#bucketCounts.uint64(from[i] ?? 0);
    this.#buckets += buckets;
    return counts + buckets;
  }

  #take(): Uint8Array[] {
    const rows = this.#rows;
    const prefix = lowCardinalityPrefix();
    const offsets = this.#bucketOffsets.take();
    const columns: NativeColumn[] = TEXT_COLUMNS.map((name, i) => ({
      name,
      type: 'LowCardinality(String)',
      chunks: [prefix, this.#dictionaries[i]?.take(rows), this.#texts[i]?.take()].filter(isBytes),
    }));
    for (const name of Object.keys(PLAIN_TYPES) as Plain[]) {
      columns.push({ name, type: PLAIN_TYPES[name], chunks: [this.#plain[name].take()] });
    }
    columns.push(
      { name: 'bucket_indexes', type: 'Array(Int16)', chunks: [offsets, this.#bucketIndexes.take()] },
      { name: 'bucket_counts', type: 'Array(UInt64)', chunks: [offsets, this.#bucketCounts.take()] },
      this.#takeAttributes(prefix),
    );
    this.#rows = this.#buckets = this.#attributes = 0;
    return nativeBlock(rows, columns);
  }

  #takeAttributes(prefix: Uint8Array): NativeColumn {
    const keys = [this.#keyDictionary.take(this.#attributes), this.#attributeKeys.take()];
    return {
      name: 'attributes',
      type: 'Map(LowCardinality(String), String)',
      chunks: [prefix, this.#attributeOffsets.take(), ...keys, this.#attributeValues.take()],
    };
  }
}

function isBytes(bytes: Uint8Array | undefined): bytes is Uint8Array {
  return bytes !== undefined;
}
