import { BellwetherError } from '../runtime/errors.js';

const FIRST_CAPACITY = 64 * 1024;
/** Longest UTF-8 form of one UTF-16 unit. */
const BYTES_PER_UNIT = 3;
const LONGEST_VARINT = 10;
const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;

/**
 * Writes rows in ClickHouse's RowBinary format: little endian, one value after the other, no names.
 * The caller writes the columns in the order of the INSERT's column list. LowCardinality(T) is written as T.
 */
export class RowBinaryWriter {
  #bytes = Buffer.allocUnsafe(FIRST_CAPACITY);
  #length = 0;

  get byteLength(): number {
    return this.#length;
  }

  /** What was written so far, as a copy of its own; the writer is empty afterwards. */
  take(): Uint8Array {
    const taken = Buffer.from(this.#bytes.subarray(0, this.#length));
    this.#length = 0;
    return taken;
  }

  /** UInt8, and Bool. */
  uint8(value: number): void {
    this.#ensure(1);
    this.#length = this.#bytes.writeUInt8(value, this.#length);
  }

  /** Int8, and Enum8 by its number. */
  int8(value: number): void {
    this.#ensure(1);
    this.#length = this.#bytes.writeInt8(value, this.#length);
  }

  int16(value: number): void {
    this.#ensure(2);
    this.#length = this.#bytes.writeInt16LE(value, this.#length);
  }

  uint16(value: number): void {
    this.#ensure(2);
    this.#length = this.#bytes.writeUInt16LE(value, this.#length);
  }

  uint32(value: number): void {
    this.#ensure(4);
    this.#length = this.#bytes.writeUInt32LE(value, this.#length);
  }

  /** A number must be a whole one up to 2^53 - 1. */
  uint64(value: bigint | number): void {
    this.#ensure(8);
    this.#length = this.#bytes.writeBigUInt64LE(BigInt(value), this.#length);
  }

  /** Int64, and DateTime64 as ticks since the Unix epoch. */
  int64(value: bigint | number): void {
    this.#ensure(8);
    this.#length = this.#bytes.writeBigInt64LE(BigInt(value), this.#length);
  }

  float64(value: number): void {
    this.#ensure(8);
    this.#length = this.#bytes.writeDoubleLE(value, this.#length);
  }

  /** UTF-8 after its length; lone surrogates become U+FFFD. */
  string(value: string): void {
    this.#ensure(LONGEST_VARINT + value.length * BYTES_PER_UNIT);
    this.#varint(Buffer.byteLength(value, 'utf8'));
    this.#length += this.#bytes.write(value, this.#length, 'utf8');
  }

  /** @throws BellwetherError `message_invalid` when the text is no UUID. */
  uuid(value: string): void {
    if (!UUID.test(value)) throw new BellwetherError('message_invalid', `'${value}' is not a UUID`);
    const hex = value.replaceAll('-', '');
    // Two UInt64, the high half first, each little endian.
    this.uint64(BigInt(`0x${hex.slice(0, 16)}`));
    this.uint64(BigInt(`0x${hex.slice(16)}`));
  }

  /** Array(T) */
  array<T>(values: readonly T[], write: (value: T) => void): void {
    this.#ensure(LONGEST_VARINT);
    this.#varint(values.length);
    for (const value of values) write(value);
  }

  /** Map(String, T) */
  map<T>(entries: readonly (readonly [string, T])[], write: (value: T) => void): void {
    this.#ensure(LONGEST_VARINT);
    this.#varint(entries.length);
    for (const [key, value] of entries) {
      this.string(key);
      write(value);
    }
  }

  /** LEB128 of a number up to 2^53 - 1; the room is there already. */
  #varint(value: number): void {
    let rest = value;
    while (rest >= 0x80) {
      this.#length = this.#bytes.writeUInt8((rest % 0x80) + 0x80, this.#length);
      rest = Math.floor(rest / 0x80);
    }
    this.#length = this.#bytes.writeUInt8(rest, this.#length);
  }

  #ensure(more: number): void {
    const needed = this.#length + more;
    if (needed <= this.#bytes.length) return;
    const grown = Buffer.allocUnsafe(Math.max(needed, this.#bytes.length * 2));
    this.#bytes.copy(grown, 0, 0, this.#length);
    this.#bytes = grown;
  }
}
