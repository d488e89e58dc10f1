const NAMED = /^(\w+)\((.*)\)$/;

/** Reads what `RowBinaryWriter` wrote; independent of it, as the engine is. */
export class RowBinaryReader {
  readonly #bytes: Buffer;
  #at = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  get at(): number {
    return this.#at;
  }

  get ended(): boolean {
    return this.#at === this.#bytes.length;
  }

  /** What lies between two places, as text of its bytes: equal only for equal bytes. */
  text(from: number): string {
    return this.#bytes.toString('latin1', from, this.#at);
  }

  /** A value of a type by ClickHouse's name. */
  value(type: string): unknown {
    const [, plain = type, inner = ''] = NAMED.exec(type) ?? [];
    switch (plain) {
      case 'Array':
        return this.#many(false, inner);
      case 'Map':
        return this.#many(true, inner);
      case 'UInt8':
        return this.#bytes.readUInt8(this.#skip(1));
      case 'Int8':
      case 'Enum8':
        return this.#bytes.readInt8(this.#skip(1));
      case 'Int16':
        return this.#bytes.readInt16LE(this.#skip(2));
      case 'UInt16':
        return this.#bytes.readUInt16LE(this.#skip(2));
      case 'UInt32':
        return this.#bytes.readUInt32LE(this.#skip(4));
      case 'UInt64':
        return this.#bytes.readBigUInt64LE(this.#skip(8));
      case 'Int64':
      case 'DateTime64':
        return Number(this.#bytes.readBigInt64LE(this.#skip(8)));
      case 'Float64':
        return this.#bytes.readDoubleLE(this.#skip(8));
      case 'UUID':
        return this.#bytes.toString('hex', this.#skip(16), this.#at);
      case 'String':
        return this.#string();
      default:
        throw new TypeError(`the model reads no ${type}`);
    }
  }

  #many(isMap: boolean, type: string): unknown[] {
    const values: unknown[] = [];
    for (let left = this.length(); left > 0; left -= 1) {
      values.push(isMap ? [this.#string(), this.value(type)] : this.value(type));
    }
    return values;
  }

  #string(): string {
    const length = this.length();
    const from = this.#skip(length);
    return this.#bytes.toString('utf8', from, from + length);
  }

  /** How many values or bytes follow. */
  length(): number {
    let value = 0;
    for (let factor = 1; ; factor *= 0x80) {
      const byte = this.#bytes.readUInt8(this.#skip(1));
      value += (byte & 0x7f) * factor;
      if (byte < 0x80) return value;
    }
  }

  #skip(bytes: number): number {
    const from = this.#at;
    if (from + bytes > this.#bytes.length) throw new RangeError('the row ends too early');
    this.#at += bytes;
    return from;
  }
}
