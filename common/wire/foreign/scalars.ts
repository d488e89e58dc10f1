import type { Reader } from 'protobufjs';
import { many, type Field, type FieldType, type ScalarType } from '../protobuf.js';

/**
 * Field types for messages of others. Where ours are refused whole for a number beyond 2^53, theirs are read
 * exactly (integers) or rounded (counts), so that one point cannot take its neighbours with it.
 */

const WORD = 4_294_967_296;
/**
 * Elements of all lists of one message. A list's element may take two bytes on the wire and a hundred in
 * memory, so the size of a message alone is no bound. 8 MiB of real points have about 400,000.
 */
const MAX_ELEMENTS = 500_000;

const spent = new WeakMap<Reader, number>();

function spend(reader: Reader): void {
  const before = spent.get(reader) ?? 0;
  if (before >= MAX_ELEMENTS) throw new RangeError(`the message has more than ${MAX_ELEMENTS} list elements`);
  spent.set(reader, before + 1);
}

/** A repeated field of messages that counts against the bound of its message. */
export function bounded<T>(number: number, type: FieldType<T>): Field<T[]> {
  const field = many(number, type);
  return {
    ...field,
    read: (reader, before, wireType, depth) => {
      spend(reader);
      return field.read(reader, before, wireType, depth);
    },
  };
}

export const bytes: ScalarType<Uint8Array> = {
  wireType: 2,
  absent: new Uint8Array(),
  read: (reader) => reader.bytes(),
  write: (writer, value) => void writer.bytes(value),
};
/** A signed integer, exact. */
export const int64Exact: ScalarType<bigint> = {
  wireType: 0,
  absent: 0n,
  read: (reader) => {
    const { low, high } = reader.int64();
    return (BigInt(high) << 32n) | BigInt(low >>> 0);
  },
  write: (writer, value) => void writer.int64(halves(value)),
};
/** The same in eight bytes. */
export const sfixed64Exact: ScalarType<bigint> = {
  wireType: 1,
  absent: 0n,
  read: (reader) => {
    const low = reader.fixed32();
    return (BigInt(reader.sfixed32()) << 32n) | BigInt(low);
  },
  write: (writer, value) => {
    const { low, high } = halves(value);
    writer.sfixed32(low).sfixed32(high);
  },
};
/** A count; above 2^53 it is rounded, so that whoever checks it sees that it is not safe. */
export const fixed64Rounded: ScalarType<number> = {
  wireType: 1,
  absent: 0,
  read: (reader) => reader.fixed32() + reader.fixed32() * WORD,
  write: (writer, value) => void writer.fixed32(value % WORD).fixed32(Math.floor(value / WORD)),
};
/** The same as a varint. */
export const uint64Rounded: ScalarType<number> = {
  wireType: 0,
  absent: 0,
  read: (reader) => {
    const { low, high } = reader.uint64();
    return (low >>> 0) + (high >>> 0) * WORD;
  },
  write: (writer, value) => void writer.uint64(value),
};

function halves(value: bigint): { low: number; high: number; unsigned: false } {
  return {
    low: Number(BigInt.asIntN(32, value)),
    high: Number(BigInt.asIntN(32, value >> 32n)),
    unsigned: false,
  };
}
