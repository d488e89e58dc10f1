/**
 * What is walked over is not written as our agents write it: it may be sound all the same, so the general
 * decoder judges it. Made once, because an error's stack costs more than decoding a point.
 */
export class Irregular extends Error {
  constructor() {
    super('not as an agent of ours writes it');
    this.name = 'Irregular';
  }
}
export const IRREGULAR = new Irregular();

const WORD = 4_294_967_296;
/** High words of a 64-bit integer up to this make a safe number. */
const HIGHEST_WORD = 0x1f_ffff;

/**
 * Reads protobuf's values in place: no object a value, no error text. Reading beyond the end is a RangeError,
 * anything unusual {@link IRREGULAR}.
 */
export class ByteReader {
  readonly bytes: Buffer;
  readonly #view: DataView;
  /** Where the next value begins. */
  at = 0;

  constructor(bytes: Uint8Array) {
    this.bytes = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  /** Steps over the tag if it stands here. */
  has(tag: number, end: number): boolean {
    if (this.at >= end || this.#view.getUint8(this.at) !== tag) return false;
    this.at += 1;
    return true;
  }

  expect(tag: number, end: number): void {
    if (!this.has(tag, end)) throw IRREGULAR;
  }

  /** An unsigned number below 2^28; larger ones are for the general decoder. */
  varint(): number {
    const view = this.#view;
    let byte = view.getUint8(this.at++);
    if (byte < 0x80) return byte;
    let value = byte & 0x7f;
    for (let shift = 7; shift < 28; shift += 7) {
      byte = view.getUint8(this.at++);
      value |= (byte & 0x7f) << shift;
      if (byte < 0x80) return value;
    }
    throw IRREGULAR;
  }

  /** sint32, zigzag. */
  signed(): number {
    const value = this.varint();
    return (value >>> 1) ^ -(value & 1);
  }

  /** Reads a length; the end of what it is the length of, which lies within `outer`. */
  endWithin(outer: number): number {
    const length = this.varint();
    const end = this.at + length;
    if (end > outer) throw IRREGULAR;
    return end;
  }

  double(): number {
    const value = this.#view.getFloat64(this.at, true);
    this.at += 8;
    return value;
  }

  /** fixed64 or sfixed64 from 0 to 2^53 - 1. */
  fixed64(): number {
    const low = this.#view.getUint32(this.at, true);
    const high = this.#view.getUint32(this.at + 4, true);
    if (high > HIGHEST_WORD) throw IRREGULAR;
    this.at += 8;
    return high * WORD + low;
  }

  expectFixed64(low: number, high: number): void {
    const view = this.#view;
    if (view.getUint32(this.at, true) !== low || view.getUint32(this.at + 4, true) !== high) throw IRREGULAR;
    this.at += 8;
  }

  /** These bytes, up to `end`. */
  expectBytes(expected: Uint8Array, end: number): void {
    if (this.bytes.compare(expected, 0, expected.length, this.at, end) !== 0) throw IRREGULAR;
    this.at = end;
  }

  /** What was read must end exactly there. */
  mustBeAt(end: number): void {
    if (this.at !== end) throw IRREGULAR;
  }

  /** The bytes as a string of one character each: a key, no text. */
  key(from: number, to: number): string {
    return this.bytes.toString('latin1', from, to);
  }
}
