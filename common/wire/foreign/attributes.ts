import { MAX_ATTRIBUTE_KEY_LENGTH, MAX_ATTRIBUTE_VALUE_LENGTH, MAX_NAME_LENGTH } from '../limits.js';
import { APP, CUSTOMER, HOST_ID, HOST_NAME, INSTANCE, REGION } from '../otlp-attributes.js';
import { PointRefused, type ForeignOrigin } from './point.js';
import type { AnyValue, ForeignResource, KeyValue } from './schema.js';

/** Of a resource, and of a point. */
export const MAX_FOREIGN_ATTRIBUTES = 64;

/** Whose the points of a resource and scope are. @throws PointRefused `attributes_invalid`. */
export function readOrigin(resource: ForeignResource | undefined, scopeName: string): ForeignOrigin {
  const rest = textsOf(resource?.attributes ?? []);
  const take = (key: string): string => {
    const value = rest.get(key) ?? '';
    rest.delete(key);
    if (value.length <= MAX_NAME_LENGTH) return value;
    throw invalid(
      `resource attribute ${key} has ${value.length} characters, at most ${MAX_NAME_LENGTH} are taken`,
    );
  };
  const hostId = take(HOST_ID);
  const named = {
    customer: take(CUSTOMER),
    app: take(APP),
    instance: take(INSTANCE),
    host: hostId === '' ? take(HOST_NAME) : hostId,
    region: take(REGION),
  };
  const attributes: [string, string][] = [...rest].map(([key, value]) => [`resource.${key}`, value]);
  if (scopeName.length > MAX_ATTRIBUTE_VALUE_LENGTH) throw invalid('the name of the scope is too long');
  if (scopeName !== '') attributes.push(['scope.name', scopeName]);
  return { ...named, attributes: Object.fromEntries(attributes) };
}

/** The origin's attributes and the point's own. @throws PointRefused `attributes_invalid`. */
export function readPointAttributes(
  origin: ForeignOrigin,
  attributes: readonly KeyValue[],
): Readonly<Record<string, string>> {
  if (attributes.length === 0) return origin.attributes;
  const own = textsOf(attributes);
  for (const key of own.keys()) {
    // Two series must not become one because the point says over what the resource says.
    if (Object.hasOwn(origin.attributes, key))
      throw invalid(`${key} stands at the resource or scope as well`);
  }
  return { ...origin.attributes, ...Object.fromEntries(own) };
}

function textsOf(attributes: readonly KeyValue[]): Map<string, string> {
  if (attributes.length > MAX_FOREIGN_ATTRIBUTES) {
    throw invalid(`${attributes.length} attributes, at most ${MAX_FOREIGN_ATTRIBUTES} are taken`);
  }
  const texts = new Map<string, string>();
  for (const { key, value } of attributes) {
    if (key === '' || key.length > MAX_ATTRIBUTE_KEY_LENGTH) {
      throw invalid(`a key has ${key.length} characters; right would be 1 to ${MAX_ATTRIBUTE_KEY_LENGTH}`);
    }
    // As a property it would set the prototype.
    if (key === '__proto__') throw invalid(`${key} is not a name that can be used`);
    if (texts.has(key)) throw invalid(`${key} stands there twice`);
    const text = textOf(value);
    if (text.length > MAX_ATTRIBUTE_VALUE_LENGTH) {
      throw invalid(`${key} has ${text.length} characters, at most ${MAX_ATTRIBUTE_VALUE_LENGTH} are taken`);
    }
    texts.set(key, text);
  }
  return texts;
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
