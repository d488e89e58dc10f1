import { Reader, Writer } from 'protobufjs';
import { BellwetherError, messageOf } from '../runtime/errors.js';

/**
 * Typed protobuf messages over protobufjs' reader and writer: a message is declared once, as a table of
 * names, field numbers and types, and reading and writing follow from it. 64-bit integers are exact:
 * bigint, or numbers checked to be safe. Unknown fields are skipped, as protobuf asks.
 */
export interface FieldType<T> {
  readonly wireType: 0 | 1 | 2 | 5;
  read(reader: Reader, depth: number): T;
  write(writer: Writer, value: T): void;
}

export interface ScalarType<T> extends FieldType<T> {
  /** proto3's default, which is not written. */
  readonly absent: T;
}

/** As a field it stands behind its length; the body alone is a whole message. */
export interface MessageType<T> extends FieldType<T> {
  readBody(reader: Reader, end: number, depth: number): T;
  writeBody(writer: Writer, value: T): void;
}

/** One field of a message: its number and how often it may stand there. */
export interface Field<T> {
  readonly number: number;
  readonly wireTypes: readonly number[];
  initial(): T;
  read(reader: Reader, before: T, wireType: number, depth: number): T;
  write(writer: Writer, value: T): void;
}

type Shape = Record<string, Field<unknown>>;
export type Message<S extends Shape> = { [K in keyof S]: S[K] extends Field<infer T> ? T : never };
export type TypeOf<F> = F extends FieldType<infer T> ? T : never;

/** Nested deeper than any OTLP message: refused, so that a hostile one cannot exhaust the stack. */
const MAX_DEPTH = 16;
const WORD = 4_294_967_296;

/** Where in the message reading stopped, as `resourceMetrics[1].scopeMetrics[0]`, and why. */
function invalidAt(path: string, error: unknown): BellwetherError {
  const inner = error instanceof BellwetherError;
  return new BellwetherError('message_invalid', `${path}${inner ? '.' : ': '}${messageOf(error)}`);
}

function safeInteger(low: number, high: number): number {
  const value = high * WORD + low;
  if (!Number.isSafeInteger(value)) throw new RangeError('integer beyond 2^53');
  return value;
}

export const string: ScalarType<string> = {
  wireType: 2,
  absent: '',
  read: (reader) => reader.stringVerify(),
  write: (writer, value) => void writer.string(value),
};
export const bool: ScalarType<boolean> = {
  wireType: 0,
  absent: false,
  read: (reader) => reader.bool(),
  write: (writer, value) => void writer.bool(value),
};
export const double: ScalarType<number> = {
  wireType: 1,
  absent: 0,
  read: (reader) => reader.double(),
  write: (writer, value) => void writer.double(value),
};
export const uint32: ScalarType<number> = {
  wireType: 0,
  absent: 0,
  read: (reader) => reader.uint32(),
  write: (writer, value) => void writer.uint32(value),
};
export const sint32: ScalarType<number> = {
  wireType: 0,
  absent: 0,
  read: (reader) => reader.sint32(),
  write: (writer, value) => void writer.sint32(value),
};
/** Exact: nanoseconds since 1970 do not fit a number. */
export const fixed64: ScalarType<bigint> = {
  wireType: 1,
  absent: 0n,
  read: (reader) => BigInt(reader.fixed32()) | (BigInt(reader.fixed32()) << 32n),
  write: (writer, value) => void writer.fixed32(Number(value & 0xffff_ffffn)).fixed32(Number(value >> 32n)),
};
/** A count; above 2^53 it is refused. */
export const fixed64Count: ScalarType<number> = {
  wireType: 1,
  absent: 0,
  read: (reader) => safeInteger(reader.fixed32(), reader.fixed32()),
  write: (writer, value) => void writer.fixed32(value % WORD).fixed32(Math.floor(value / WORD)),
};
export const sfixed64: ScalarType<number> = {
  wireType: 1,
  absent: 0,
  read: (reader) => safeInteger(reader.fixed32(), reader.sfixed32()),
  write: (writer, value) => {
    const high = Math.floor(value / WORD);
    writer.fixed32(value - high * WORD).sfixed32(high);
  },
};
export const int64: ScalarType<number> = {
  wireType: 0,
  absent: 0,
  read: (reader) => {
    const value = reader.int64();
    return safeInteger(value.low >>> 0, value.high);
  },
  write: (writer, value) => void writer.int64(value),
};
/** A count; above 2^53 it is refused. */
export const uint64: ScalarType<number> = {
  wireType: 0,
  absent: 0,
  read: (reader) => {
    const value = reader.uint64();
    return safeInteger(value.low >>> 0, value.high >>> 0);
  },
  write: (writer, value) => {
    if (value <= 0xffff_ffff) writer.uint32(value);
    else writer.uint64(value);
  },
};

function tag(number: number, wireType: number): number {
  return ((number << 3) | wireType) >>> 0;
}

/** A field with proto3's implicit presence: its default is not written and is what absence means. */
export function one<T>(number: number, type: ScalarType<T>): Field<T> {
  return {
    number,
    wireTypes: [type.wireType],
    initial: () => type.absent,
    read: (reader, _before, _wireType, depth) => type.read(reader, depth),
    write: (writer, value) => {
      if (value !== type.absent) type.write(writer.uint32(tag(number, type.wireType)), value);
    },
  };
}

/** A field that may be absent (a message, `optional`, or a member of a `oneof`). */
export function maybe<T>(number: number, type: FieldType<T>): Field<T | undefined> {
  return {
    number,
    wireTypes: [type.wireType],
    initial: () => undefined,
    read: (reader, _before, _wireType, depth) => type.read(reader, depth),
    write: (writer, value) => {
      if (value !== undefined) type.write(writer.uint32(tag(number, type.wireType)), value);
    },
  };
}

/** A repeated field of messages or strings. */
export function many<T>(number: number, type: FieldType<T>): Field<T[]> {
  return {
    number,
    wireTypes: [type.wireType],
    initial: () => [],
    read: (reader, before, _wireType, depth) => {
      before.push(type.read(reader, depth));
      return before;
    },
    write: (writer, values) => {
      for (const value of values) type.write(writer.uint32(tag(number, type.wireType)), value);
    },
  };
}

/** A repeated scalar: written packed, read packed or not. */
export function packed<T>(number: number, type: FieldType<T>): Field<T[]> {
  return {
    number,
    wireTypes: [2, type.wireType],
    initial: () => [],
    read: (reader, before, wireType, depth) => {
      const end = wireType === 2 ? reader.uint32() + reader.pos : reader.pos + 1;
      while (reader.pos < end) before.push(type.read(reader, depth));
      return before;
    },
    write: (writer, values) => {
      if (values.length === 0) return;
      writer.uint32(tag(number, 2)).fork();
      for (const value of values) type.write(writer, value);
      writer.ldelim();
    },
  };
}

function pathOf(name: string, value: unknown): string {
  return Array.isArray(value) ? `${name}[${value.length}]` : name;
}

interface Known {
  readonly name: string;
  readonly field: Field<unknown>;
}

function readFields(
  fields: readonly (Known | undefined)[],
  into: Record<string, unknown>,
  reader: Reader,
  end: number,
  depth: number,
): void {
  if (depth > MAX_DEPTH) throw new RangeError(`nested deeper than ${MAX_DEPTH} messages`);
  while (reader.pos < end) {
    const key = reader.uint32();
    const wireType = key & 7;
    const known = fields[key >>> 3];
    if (known === undefined) {
      reader.skipType(wireType);
      continue;
    }
    const { name, field } = known;
    try {
      if (!field.wireTypes.includes(wireType))
        throw new RangeError(`wire type ${wireType} does not belong here`);
      into[name] = field.read(reader, into[name], wireType, depth);
    } catch (error) {
      throw invalidAt(pathOf(name, into[name]), error);
    }
  }
  if (reader.pos !== end) throw new RangeError(`ends ${reader.pos - end} bytes beyond its length`);
}

/** A message type from its fields. */
export function message<S extends Shape>(shape: S): MessageType<Message<S>> {
  const entries = Object.entries<Field<unknown>>(shape);
  const fields: Known[] = [];
  for (const [name, field] of entries) fields[field.number] = { name, field };
  // A copy of one object is four times as fast as an object made from entries; lists must be fresh each time.
  const blank = Object.fromEntries(entries.map(([name, field]) => [name, field.initial()]));
  const lists = entries.filter(([, field]) => Array.isArray(field.initial()));
  const readBody = (reader: Reader, end: number, depth: number) => {
    const into = { ...blank };
    for (const [name, field] of lists) into[name] = field.initial();
    readFields(fields, into, reader, end, depth);
    // The table that fills the object is the table that its type comes from.
    return into as Message<S>;
  };
  const writeBody = (writer: Writer, value: Message<S>) => {
    for (const [name, field] of entries) field.write(writer, value[name]);
  };
  return {
    wireType: 2,
    readBody,
    writeBody,
    read: (reader, depth) => {
      const length = reader.uint32();
      return readBody(reader, reader.pos + length, depth + 1);
    },
    write: (writer, value) => {
      writer.fork();
      writeBody(writer, value);
      writer.ldelim();
    },
  };
}

/** The bytes of a whole message. */
export function encode<T>(type: MessageType<T>, value: T): Uint8Array {
  const writer = Writer.create();
  type.writeBody(writer, value);
  return writer.finish();
}

/**
 * Reads a whole message.
 * @param depth how deep the message stands in the one that it was cut out of
 * @throws BellwetherError `message_invalid` that names the path of the field.
 */
export function decode<T>(type: MessageType<T>, bytes: Uint8Array, depth = 0): T {
  try {
    return type.readBody(Reader.create(bytes), bytes.length, depth);
  } catch (error) {
    if (error instanceof BellwetherError) throw error;
    throw new BellwetherError('message_invalid', `not a protobuf message: ${messageOf(error)}`);
  }
}
