/**
 * Formats whose output can be cut anywhere: the engine's chunks laid end to end are the document.
 * All others repeat a header or a frame in each chunk and are made in one piece.
 */
const HEADERLESS = new Set([
  ...[
    'TabSeparated',
    'TSV',
    'TabSeparatedRaw',
    'TSVRaw',
    'CSV',
    'JSONEachRow',
    'JSONLines',
    'NDJSON',
    'JSONL',
  ],
  ...['JSONStringsEachRow', 'JSONCompactEachRow', 'JSONCompactStringsEachRow', 'LineAsString'],
  ...['RowBinary', 'Native', 'MsgPack', 'Null'],
]);

export const isStreamable = (format: string): boolean => HEADERLESS.has(format);

/**
 * Formats taken as the data of an INSERT. What is left out evaluates expressions or asks for a schema from a
 * file or an address; Values is taken, with its own guard.
 */
const INPUT = new Set([
  ...['JSONEachRow', 'JSONLines', 'NDJSON', 'JSONL', 'JSONStringsEachRow', 'JSONCompactEachRow'],
  ...['JSONCompactEachRowWithNames', 'JSONCompactEachRowWithNamesAndTypes', 'JSONCompactStringsEachRow'],
  ...[
    'JSONCompactStringsEachRowWithNames',
    'JSONCompactStringsEachRowWithNamesAndTypes',
    'JSON',
    'JSONCompact',
  ],
  ...['JSONColumns', 'JSONColumnsWithMetadata', 'JSONCompactColumns', 'JSONObjectEachRow', 'JSONAsString'],
  ...[
    'JSONAsObject',
    'BSONEachRow',
    'TabSeparated',
    'TSV',
    'TabSeparatedRaw',
    'TSVRaw',
    'TabSeparatedWithNames',
  ],
  ...['TSVWithNames', 'TabSeparatedWithNamesAndTypes', 'TSVWithNamesAndTypes', 'CSV', 'CSVWithNames'],
  ...['CSVWithNamesAndTypes', 'RowBinary', 'RowBinaryWithNames', 'RowBinaryWithNamesAndTypes'],
  ...['RowBinaryWithDefaults', 'Native', 'Parquet', 'Arrow', 'ArrowStream', 'ORC', 'Avro', 'MsgPack'],
  ...['LineAsString', 'RawBLOB', 'Values'],
]);

export const isInputFormat = (format: string): boolean => INPUT.has(format);

/** Content-Type as ClickHouse names it. */
export function contentType(format: string): string {
  if (/^(JSONEachRow|JSONLines|NDJSON|JSONL|JSONStringsEachRow)$/.test(format))
    return 'application/x-ndjson; charset=UTF-8';
  if (format.startsWith('JSON')) return 'application/json; charset=UTF-8';
  if (/^(TabSeparated|TSV)/.test(format)) return 'text/tab-separated-values; charset=UTF-8';
  if (format.startsWith('CSV')) return 'text/csv; charset=UTF-8; header=absent';
  if (/^(RowBinary|Native|Parquet|Arrow|ORC|Avro|MsgPack|BSON)/.test(format))
    return 'application/octet-stream';
  return 'text/plain; charset=UTF-8';
}
