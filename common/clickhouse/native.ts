import { RowBinaryWriter } from './row-binary.js';

/**
 * Blocks in ClickHouse's Native format as its HTTP interface takes them: column by column, so that the server copies
 * where it would parse a row value by value. Single values have the same bytes as in RowBinary.
 */
export interface NativeColumn {
  readonly name: string;
  /** The server converts it to the table's. */
  readonly type: string;
  readonly chunks: readonly Uint8Array[];
}

/** One block: all columns have `rows` values. */
export function nativeBlock(rows: number, columns: readonly NativeColumn[]): Uint8Array[] {
  const writer = new RowBinaryWriter();
  writer.length(columns.length);
  writer.length(rows);
  return columns.flatMap(({ name, type, chunks }) => {
    writer.string(name);
    writer.string(type);
    return [writer.take(), ...chunks];
  });
}

/** SerializationLowCardinality: `SharedDictionariesWithAdditionalKeys`. */
const LOW_CARDINALITY_VERSION = 1;
/** Indexes are UInt32, the keys stand before them, and no dictionary of an earlier block goes on. */
const INDEXES_UINT32 = 2;
const HAS_ADDITIONAL_KEYS = 0x200;
const NEED_UPDATE_DICTIONARY = 0x400;

/** The values of one LowCardinality(String) column of one block; rows hold their places as UInt32. */
export class NativeDictionary {
  readonly #places = new Map<string, number>();
  readonly #keys = new RowBinaryWriter();

  /** The place of the text, which is added if it has none. */
  placeOf(text: string): number {
    const known = this.#places.get(text);
    if (known !== undefined) return known;
    const place = this.#places.size;
    this.#places.set(text, place);
    this.#keys.string(text);
    return place;
  }

  /** What stands before the places of so many rows; nothing when there are none. Empty afterwards. */
  take(rows: number): Uint8Array {
    const writer = new RowBinaryWriter();
    const keys = this.#keys.take();
    if (rows > 0) {
      writer.uint64(INDEXES_UINT32 | HAS_ADDITIONAL_KEYS | NEED_UPDATE_DICTIONARY);
      writer.uint64(this.#places.size);
      writer.raw(keys);
      writer.uint64(rows);
    }
    this.#places.clear();
    return writer.take();
  }
}

/** What a column that holds LowCardinality begins with, before the offsets of an array or map. */
export function lowCardinalityPrefix(): Uint8Array {
  const writer = new RowBinaryWriter();
  writer.uint64(LOW_CARDINALITY_VERSION);
  return writer.take();
}
