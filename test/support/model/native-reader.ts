import { RowBinaryReader } from './row-binary-reader.js';

/** Reads blocks in ClickHouse's Native format, independent of who wrote them: rows by the names of the columns. */
export function readNative(bytes: Uint8Array): Record<string, unknown>[] {
  const reader = new RowBinaryReader(bytes);
  const rows: Record<string, unknown>[] = [];
  while (!reader.ended) {
    const columns = reader.length();
    const count = reader.length();
    const block = Array.from({ length: count }, (): Record<string, unknown> => ({}));
    for (let column = 0; column < columns; column += 1) {
      const name = String(reader.value('String'));
      const type = String(reader.value('String'));
      skipPrefix(reader, type);
      for (const [row, value] of readColumn(reader, type, count).entries()) {
        const fields = block[row];
        if (fields !== undefined) fields[name] = value;
      }
    }
    rows.push(...block);
  }
  return rows;
}

const WRAPPED = /^(Array|LowCardinality|Map)\((.*)\)$/;
const INDEX_TYPES = ['UInt8', 'UInt16', 'UInt32', 'UInt64'] as const;

/** Each LowCardinality in the type has its version before all values. */
function skipPrefix(reader: RowBinaryReader, type: string): void {
  const [, wrapper, inner = ''] = WRAPPED.exec(type) ?? [];
  if (wrapper === 'LowCardinality') reader.value('UInt64');
  else if (wrapper === 'Array') skipPrefix(reader, inner);
  else if (wrapper === 'Map') for (const part of typesOf(inner)) skipPrefix(reader, part);
}

function readColumn(reader: RowBinaryReader, type: string, count: number): unknown[] {
  const [, wrapper, inner = ''] = WRAPPED.exec(type) ?? [];
  if (wrapper === 'LowCardinality') return count === 0 ? [] : readDictionary(reader, inner, count);
  if (wrapper === undefined) return Array.from({ length: count }, () => reader.value(type));
  const ends = Array.from({ length: count }, () => Number(reader.value('UInt64')));
  const total = ends.at(-1) ?? 0;
  const [keys = [], values] = (wrapper === 'Map' ? typesOf(inner) : [inner]).map((part) =>
    readColumn(reader, part, total),
  );
  const items = values === undefined ? keys : keys.map((key, place) => [key, values[place]]);
  return ends.map((end, row) => items.slice(ends[row - 1] ?? 0, end));
}

function readDictionary(reader: RowBinaryReader, type: string, count: number): unknown[] {
  const indexType = INDEX_TYPES[Number(reader.value('UInt64')) & 0xff] ?? 'UInt64';
  const keys = readColumn(reader, type, Number(reader.value('UInt64')));
  if (Number(reader.value('UInt64')) !== count)
    throw new RangeError('a dictionary is for another number of rows');
  return Array.from({ length: count }, () => keys[Number(reader.value(indexType))]);
}

/** Of `LowCardinality(String), String`; a comma within brackets does not part. */
function typesOf(list: string): string[] {
  return list.split(/,\s*(?![^(]*\))/);
}
