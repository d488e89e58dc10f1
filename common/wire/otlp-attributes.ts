import { BellwetherError } from '../runtime/errors.js';
import type { BatchIdentity, Host, Owner } from './batch.js';
import {
  MAX_ATTRIBUTE_KEY_LENGTH,
  MAX_ATTRIBUTE_VALUE_LENGTH,
  MAX_NAME_LENGTH,
  MAX_TIME_MS,
  MAX_WINDOW_MS,
} from './limits.js';
import type { AnyValue, KeyValue, Resource } from './otlp-schema.js';

export const HOST_ID = 'host.id';
export const HOST_NAME = 'host.name';
export const REGION = 'cloud.region';
export const CUSTOMER = 'bellwether.customer';
export const APP = 'service.name';
export const INSTANCE = 'service.instance.id';
export const RUN = 'bellwether.run';
export const SEQ = 'bellwether.seq';
export const WINDOW_START = 'bellwether.window.start_ms';
export const WINDOW_END = 'bellwether.window.end_ms';

const NANOSECONDS_PER_MS = 1_000_000n;
const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;

/** `message_invalid` at a field's path, with what would be right. */
export function refuse(path: string, what: string): never {
  throw new BellwetherError('message_invalid', `${path}: ${what}`);
}

export function nanoseconds(milliseconds: number): bigint {
  return BigInt(milliseconds) * NANOSECONDS_PER_MS;
}

const EMPTY: AnyValue = {
  stringValue: undefined,
  boolValue: undefined,
  intValue: undefined,
  doubleValue: undefined,
  arrayValue: undefined,
};

export function text(key: string, value: string): KeyValue {
  return { key, value: { ...EMPTY, stringValue: value } };
}

export function integer(key: string, value: number): KeyValue {
  return { key, value: { ...EMPTY, intValue: value } };
}

export function flag(key: string, value: boolean): KeyValue {
  return { key, value: { ...EMPTY, boolValue: value } };
}

export function texts(key: string, values: readonly string[]): KeyValue {
  return {
    key,
    value: { ...EMPTY, arrayValue: { values: values.map((item) => ({ ...EMPTY, stringValue: item })) } },
  };
}

export function textValue(value: string): AnyValue {
  return { ...EMPTY, stringValue: value };
}

/** The attributes of one message by key, read with checks whose errors name the path and the key. */
export class Attributes {
  readonly #path: string;
  readonly #values = new Map<string, AnyValue>();

  constructor(path: string, attributes: readonly KeyValue[]) {
    this.#path = path;
    for (const [i, { key, value }] of attributes.entries()) {
      const at = `${path}.attributes[${i}]`;
      if (key === '' || key.length > MAX_ATTRIBUTE_KEY_LENGTH) {
        refuse(at, `the key must have 1 to ${MAX_ATTRIBUTE_KEY_LENGTH} characters, it has ${key.length}`);
      }
      if (value === undefined) refuse(at, `${key} has no value`);
      if (this.#values.has(key)) refuse(at, `${key} stands there twice`);
      this.#values.set(key, value);
    }
  }

  get size(): number {
    return this.#values.size;
  }

  keys(): Iterable<string> {
    return this.#values.keys();
  }

  #at(key: string): string {
    return `${this.#path}.attributes[${key}]`;
  }

  /** A string of at most `limit` characters; an absent one is an error unless `fallback` is given. */
  text(key: string, limit: number, fallback?: string): string {
    const value = this.#values.get(key);
    if (value === undefined && fallback !== undefined) return fallback;
    const found = value?.stringValue;
    if (found === undefined) return refuse(this.#at(key), 'must be a string');
    if (found.length > limit)
      return refuse(this.#at(key), `has ${found.length} characters, at most ${limit} are taken`);
    return found;
  }

  /** An integer from `low` to `high`; an absent one is an error unless `fallback` is given. */
  integer(key: string, low: number, high: number, fallback?: number): number {
    const value = this.#values.get(key);
    if (value === undefined && fallback !== undefined) return fallback;
    const found = value?.intValue;
    if (found === undefined) return refuse(this.#at(key), 'must be an integer');
    if (found < low || found > high)
      return refuse(this.#at(key), `is ${found}, must be from ${low} to ${high}`);
    return found;
  }

  flag(key: string): boolean {
    return this.#values.get(key)?.boolValue ?? refuse(this.#at(key), 'must be a boolean');
  }

  texts(key: string, count: number, limit: number): string[] {
    const found = this.#values.get(key)?.arrayValue?.values;
    if (found === undefined) return refuse(this.#at(key), 'must be an array of strings');
    if (found.length > count)
      return refuse(this.#at(key), `has ${found.length} entries, at most ${count} are taken`);
    return found.map(({ stringValue }) => {
      if (stringValue === undefined) return refuse(this.#at(key), 'must hold strings only');
      if (stringValue.length > limit)
        return refuse(this.#at(key), `an entry is longer than ${limit} characters`);
      return stringValue;
    });
  }

  /** All of them, which must be strings. */
  record(): Record<string, string> {
    const record: Record<string, string> = {};
    for (const key of this.#values.keys()) {
      // "__proto__" as a key would set the prototype, not a property.
      if (key === '__proto__') refuse(this.#at(key), 'is not a name that can be used');
      record[key] = this.text(key, MAX_ATTRIBUTE_VALUE_LENGTH);
    }
    return record;
  }
}

export interface Head {
  readonly host: Host;
  readonly identity: BatchIdentity;
  readonly windowStartMs: number;
  readonly windowEndMs: number;
}

/** The attributes that say which host, which message and which window. */
export function headAttributes(head: Head): KeyValue[] {
  return [
    text(HOST_ID, head.host.id),
    text(HOST_NAME, head.host.name),
    text(REGION, head.host.region),
    text(RUN, head.identity.run),
    integer(SEQ, head.identity.seq),
    integer(WINDOW_START, head.windowStartMs),
    integer(WINDOW_END, head.windowEndMs),
  ];
}

export function readHead(path: string, attributes: Attributes): Head {
  const host: Host = {
    id: attributes.text(HOST_ID, MAX_NAME_LENGTH),
    name: attributes.text(HOST_NAME, MAX_NAME_LENGTH),
    region: attributes.text(REGION, MAX_NAME_LENGTH),
  };
  if (host.id === '') refuse(`${path}.attributes[${HOST_ID}]`, 'must not be empty');
  const run = attributes.text(RUN, MAX_NAME_LENGTH);
  if (!UUID.test(run)) refuse(`${path}.attributes[${RUN}]`, 'must be a UUID in lower case');
  const seq = attributes.integer(SEQ, 0, Number.MAX_SAFE_INTEGER);
  const windowStartMs = attributes.integer(WINDOW_START, 0, MAX_TIME_MS - MAX_WINDOW_MS);
  const windowEndMs = attributes.integer(WINDOW_END, windowStartMs + 1, windowStartMs + MAX_WINDOW_MS);
  const length = windowEndMs - windowStartMs;
  if (windowStartMs % length !== 0) {
    refuse(
      `${path}.attributes[${WINDOW_START}]`,
      `is ${windowStartMs}, must be a multiple of the window's ${length} ms`,
    );
  }
  return { host, identity: { hostId: host.id, run, seq }, windowStartMs, windowEndMs };
}

export function ownerResource(host: Host, owner: Owner): Resource {
  return {
    attributes: [
      text(HOST_ID, host.id),
      text(HOST_NAME, host.name),
      text(REGION, host.region),
      text(CUSTOMER, owner.customer),
      text(APP, owner.app),
      text(INSTANCE, owner.instance),
    ],
  };
}

/** The owner of a resource, which must be on the message's host. */
export function readOwner(path: string, host: Host, resource: Resource | undefined): Owner {
  const attributes = new Attributes(`${path}.resource`, resource?.attributes ?? []);
  const hostId = attributes.text(HOST_ID, MAX_NAME_LENGTH);
  if (hostId !== host.id) {
    refuse(
      `${path}.resource.attributes[${HOST_ID}]`,
      `is '${hostId}', but the message is of host '${host.id}'`,
    );
  }
  return {
    customer: attributes.text(CUSTOMER, MAX_NAME_LENGTH),
    app: attributes.text(APP, MAX_NAME_LENGTH),
    instance: attributes.text(INSTANCE, MAX_NAME_LENGTH),
  };
}

/** Puts values of one owner together, owners in the order in which they were first met. */
export function groupByOwner<T extends { readonly owner: Owner }>(
  values: readonly T[],
): { readonly owner: Owner; readonly values: T[] }[] {
  const groups = new Map<string, { owner: Owner; values: T[] }>();
  for (const value of values) {
    const { customer, app, instance } = value.owner;
    const key = JSON.stringify([customer, app, instance]);
    const group = groups.get(key);
    if (group === undefined) groups.set(key, { owner: value.owner, values: [value] });
    else group.values.push(value);
  }
  return [...groups.values()];
}
