import * as decode from './decode.js';
import type { Fields } from './decode.js';

/** Times in every answer are Unix milliseconds here; the API writes RFC 3339. */
export interface Completeness {
  readonly windowsExpected: number;
  readonly windowsReceived: number;
  /** Received / expected; null when nothing was expected. */
  readonly ratio: number | null;
  readonly pointsLost: number;
}

interface Scope {
  readonly customer: string;
  readonly from: number;
  readonly to: number;
  /** Newest window end up to which the answer is complete; null when none is. */
  readonly freshness: number | null;
  readonly completeness: Completeness;
  /** The coarsest that any part was read at; null where the API does not say. */
  readonly resolution: string | null;
}

export interface LatencyPoint {
  /** Start of the step. */
  readonly time: number;
  /** null: not measured. 0: measured, and nothing happened. */
  readonly count: number | null;
  /** Seconds. */
  readonly p50: number | null;
  readonly p90: number | null;
  readonly p99: number | null;
}

export interface Latency extends Scope {
  readonly stepSeconds: number;
  readonly points: readonly LatencyPoint[];
}

export type Fault = 'customer' | 'platform' | 'external' | 'normal' | 'unknown';

export interface DropPoint {
  readonly time: number;
  /** null: not measured. */
  readonly packets: number | null;
}

interface DropKind {
  /** The kernel's name of it. */
  readonly reason: string;
  readonly cause: string;
  readonly fault: Fault;
  /** One sentence each; empty where the API has none. */
  readonly explanation: string;
  readonly remedy: string;
}

export interface DropGroup extends DropKind {
  readonly packets: number | null;
  readonly points: readonly DropPoint[];
}

export interface Drops extends Scope {
  readonly stepSeconds: number;
  readonly totals: { readonly packets: number | null; readonly bytes: number | null };
  /** All groups together, each step of the range: 0 where nothing was dropped. */
  readonly points: readonly DropPoint[];
  readonly groups: readonly DropGroup[];
}

/** One dropped packet of those that were sampled. */
export interface DropEvent extends DropKind {
  readonly time: number;
  readonly place: string;
  readonly protocol: string;
  readonly sourceAddress: string;
  readonly sourcePort: number;
  readonly destinationAddress: string;
  readonly destinationPort: number;
  readonly lengthBytes: number;
  readonly app: string;
  readonly instance: string;
  readonly interfaceName: string;
}

export interface Events extends Scope {
  readonly events: readonly DropEvent[];
}

export interface Identity {
  readonly role: 'customer' | 'operator';
  readonly customer: string | null;
}

const FAULTS: ReadonlySet<string> = new Set(['customer', 'platform', 'external', 'normal', 'unknown']);

function isFault(value: string): value is Fault {
  return FAULTS.has(value);
}

export function readIdentity(value: unknown): Identity {
  const fields = decode.fieldsOf(value);
  const role = decode.text(fields, 'role');
  if (role !== 'customer' && role !== 'operator') {
    throw new decode.AnswerInvalid('role', '"customer" or "operator"');
  }
  return { role, customer: decode.textOrNull(fields, 'customer') };
}

export function readCustomers(value: unknown): string[] {
  return decode.list(decode.fieldsOf(value), 'customers', (item) => {
    if (typeof item !== 'string') throw new decode.AnswerInvalid('customers', 'a list of names');
    return item;
  });
}

export function readLatency(value: unknown): Latency {
  const fields = decode.fieldsOf(value);
  return {
    ...readScope(fields),
    stepSeconds: decode.number(fields, 'step_seconds'),
    points: decode.list(fields, 'points', (item) => {
      const point = decode.fieldsOf(item, 'point');
      return {
        time: decode.time(point, 'time'),
        count: decode.numberOrNull(point, 'count'),
        p50: decode.numberOrNull(point, 'p50'),
        p90: decode.numberOrNull(point, 'p90'),
        p99: decode.numberOrNull(point, 'p99'),
      };
    }),
  };
}

export function readDrops(value: unknown): Drops {
  const fields = decode.fieldsOf(value);
  const totals = decode.fieldsOf(fields['totals'], 'totals');
  return {
    ...readScope(fields),
    stepSeconds: decode.number(fields, 'step_seconds'),
    totals: { packets: decode.numberOrNull(totals, 'packets'), bytes: decode.numberOrNull(totals, 'bytes') },
    points: readDropPoints(fields),
    groups: decode.list(fields, 'groups', (item) => {
      const group = decode.fieldsOf(item, 'group');
      return {
        ...readKind(group),
        packets: decode.numberOrNull(group, 'packets'),
        points: readDropPoints(group),
      };
    }),
  };
}

export function readEvents(value: unknown): Events {
  const fields = decode.fieldsOf(value);
  return {
    ...readScope(fields),
    events: decode.list(fields, 'events', (item) => {
      const event = decode.fieldsOf(item, 'event');
      return {
        ...readKind(event),
        time: decode.time(event, 'time'),
        place: decode.text(event, 'place'),
        protocol: decode.text(event, 'protocol'),
        sourceAddress: decode.text(event, 'source_address'),
        sourcePort: decode.number(event, 'source_port'),
        destinationAddress: decode.text(event, 'destination_address'),
        destinationPort: decode.number(event, 'destination_port'),
        lengthBytes: decode.number(event, 'length_bytes'),
        app: decode.text(event, 'app'),
        instance: decode.text(event, 'instance'),
        interfaceName: decode.text(event, 'interface'),
      };
    }),
  };
}

function readDropPoints(fields: Fields): DropPoint[] {
  return decode.list(fields, 'points', (item) => {
    const point = decode.fieldsOf(item, 'point');
    return { time: decode.time(point, 'time'), packets: decode.numberOrNull(point, 'packets') };
  });
}

function readScope(fields: Fields): Scope {
  const completeness = decode.fieldsOf(fields['completeness'], 'completeness');
  return {
    customer: decode.text(fields, 'customer'),
    from: decode.time(fields, 'from'),
    to: decode.time(fields, 'to'),
    freshness: decode.timeOrNull(fields, 'freshness'),
    completeness: {
      windowsExpected: decode.number(completeness, 'windows_expected'),
      windowsReceived: decode.number(completeness, 'windows_received'),
      ratio: decode.numberOrNull(completeness, 'ratio'),
      pointsLost: decode.number(completeness, 'points_lost'),
    },
    resolution: decode.textOrNull(fields, 'resolution'),
  };
}

function readKind(fields: Fields): DropKind {
  const fault = decode.textOrNull(fields, 'fault') ?? 'unknown';
  return {
    reason: decode.textOrNull(fields, 'reason') ?? 'unknown',
    cause: decode.textOrNull(fields, 'cause') ?? 'unknown',
    // A fault of a newer API than this page is nobody's yet.
    fault: isFault(fault) ? fault : 'unknown',
    explanation: decode.textOrNull(fields, 'explanation') ?? '',
    remedy: decode.textOrNull(fields, 'remedy') ?? '',
  };
}
