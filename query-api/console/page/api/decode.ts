/** A JSON object whose fields have not been looked at yet. */
export type Fields = Readonly<Record<string, unknown>>;

/** Thrown when an answer is not what the API's description says: names the field and what would be right. */
export class AnswerInvalid extends Error {
  constructor(field: string, expected: string) {
    super(`the field "${field}" should be ${expected}`);
    this.name = 'AnswerInvalid';
  }
}

function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

export function fieldsOf(value: unknown, name = 'answer'): Fields {
  if (!isFields(value)) throw new AnswerInvalid(name, 'an object');
  return value;
}

export function text(fields: Fields, key: string): string {
  const value = fields[key];
  if (typeof value !== 'string') throw new AnswerInvalid(key, 'text');
  return value;
}

export function textOrNull(fields: Fields, key: string): string | null {
  return isMissing(fields[key]) ? null : text(fields, key);
}

export function number(fields: Fields, key: string): number {
  const value = fields[key];
  if (typeof value !== 'number' || !Number.isFinite(value)) throw new AnswerInvalid(key, 'a number');
  return value;
}

/** Missing stays missing: null is never turned into 0. */
export function numberOrNull(fields: Fields, key: string): number | null {
  return isMissing(fields[key]) ? null : number(fields, key);
}

export function list<T>(fields: Fields, key: string, item: (value: unknown) => T): T[] {
  const value = fields[key];
  if (!Array.isArray(value)) throw new AnswerInvalid(key, 'a list');
  return value.map((element: unknown) => item(element));
}

/** Unix milliseconds of an RFC 3339 time. */
export function time(fields: Fields, key: string): number {
  const milliseconds = Date.parse(text(fields, key));
  if (Number.isNaN(milliseconds)) throw new AnswerInvalid(key, 'an RFC 3339 time');
  return milliseconds;
}

export function timeOrNull(fields: Fields, key: string): number | null {
  return isMissing(fields[key]) ? null : time(fields, key);
}

function isMissing(value: unknown): boolean {
  return value === null || value === undefined;
}
