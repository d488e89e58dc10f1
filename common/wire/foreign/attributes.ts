import { MAX_ATTRIBUTE_KEY_LENGTH, MAX_ATTRIBUTE_VALUE_LENGTH, MAX_NAME_LENGTH } from '../limits.js';
import { APP, CUSTOMER, HOST_ID, HOST_NAME, INSTANCE, REGION } from '../otlp-attributes.js';
import { PointRefused, type ForeignOrigin, type TextAttributes } from './point.js';
import type { AnyValue, ForeignResource, KeyValue } from './schema.js';

/** Of a resource, and of a point. */
export const MAX_FOREIGN_ATTRIBUTES = 64;

/** Whose the points of a resource and scope are. @throws PointRefused `attributes_invalid`. */
export function readOrigin(resource: ForeignResource | undefined, scopeName: string): ForeignOrigin {
  const texts = new Map(textsOf(resource?.attributes ?? []));
  const take = (key: string): string => {
    const value = texts.get(key) ?? '';
    texts.delete(key);
    if (value.length <= MAX_NAME_LENGTH) return value;
    const right = `at most ${MAX_NAME_LENGTH} are taken`;
    throw invalid(`resource attribute ${key} has ${value.length} characters, ${right}`);
  };
  const hostId = take(HOST_ID);
  const named = {
    customer: take(CUSTOMER),
    app: take(APP),
    instance: take(INSTANCE),
    host: hostId === '' ? take(HOST_NAME) : hostId,
    region: take(REGION),
  };
  const rest = [...texts].map(([key, value]): [string, string] => [`resource.${key}`, value]);
  if (scopeName.length > MAX_ATTRIBUTE_VALUE_LENGTH) throw invalid('the name of the scope is too long');
  if (scopeName !== '') rest.push(['scope.name', scopeName]);
  return { ...named, attributes: sortedOnce(rest) };
}

/** The origin's attributes and the point's own. @throws PointRefused `attributes_invalid`. */
export function readPointAttributes(origin: ForeignOrigin, attributes: readonly KeyValue[]): TextAttributes {
  if (attributes.length === 0) return origin.attributes;
  // Two series must not become one because the point says over what the resource says.
  return sortedOnce([...origin.attributes, ...textsOf(attributes)]);
}

function textsOf(attributes: readonly KeyValue[]): [string, string][] {
  if (attributes.length > MAX_FOREIGN_ATTRIBUTES) {
    throw invalid(`${attributes.length} attributes, at most ${MAX_FOREIGN_ATTRIBUTES} are taken`);
  }
  return sortedOnce(
    attributes.map(({ key, value }): [string, string] => {
      if (key === '' || key.length > MAX_ATTRIBUTE_KEY_LENGTH) {
        throw invalid(`a key has ${key.length} characters; right would be 1 to ${MAX_ATTRIBUTE_KEY_LENGTH}`);
      }
      // Whoever makes an object of them would set its prototype.
      if (key === '__proto__') throw invalid(`${key} is not a name that can be used`);
      const text = textOf(value);
      if (text.length <= MAX_ATTRIBUTE_VALUE_LENGTH) return [key, text];
      const right = `at most ${MAX_ATTRIBUTE_VALUE_LENGTH} are taken`;
      throw invalid(`${key} has ${text.length} characters, ${right}`);
    }),
  );
}

function sortedOnce<T extends readonly [string, string]>(entries: T[]): T[] {
  entries.sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0));
  for (let i = 1; i < entries.length; i += 1) {
    const key = entries[i]?.[0];
    if (key === entries[i - 1]?.[0]) throw invalid(`${key ?? ''} stands there twice`);
  }
  return entries;
}

/** A string as it is, everything else as its JSON text: one value, one text. */
export function textOf(value: AnyValue | undefined): string {
  return value?.stringValue ?? jsonOf(value);
}

function jsonOf(value: AnyValue | undefined): string {
  if (value === undefined) return 'null';
  if (value.stringValue !== undefined) return JSON.stringify(value.stringValue);
  if (value.boolValue !== undefined) return String(value.boolValue);
  if (value.intValue !== undefined) return value.intValue.toString();
  if (value.doubleValue !== undefined) return doubleText(value.doubleValue);
  if (value.arrayValue !== undefined) return `[${value.arrayValue.values.map(jsonOf).join(',')}]`;
  if (value.kvlistValue !== undefined) return objectText(value.kvlistValue.values);
  if (value.bytesValue !== undefined) return JSON.stringify(Buffer.from(value.bytesValue).toString('base64'));
  return 'null';
}

/** JSON has no words for these three; OTLP's JSON writes them so. */
function doubleText(value: number): string {
  return Number.isFinite(value) ? JSON.stringify(value) : JSON.stringify(String(value));
}

/** Sorted: the order of a map says nothing. */
function objectText(values: readonly KeyValue[]): string {
  const entries = values.map(({ key, value }) => `${JSON.stringify(key)}:${jsonOf(value)}`);
  return `{${entries.sort().join(',')}}`;
}

function invalid(detail: string): PointRefused {
  return new PointRefused('attributes_invalid', detail);
}
