/**
 * What one host says of one window, between the agent that makes it and the writer that stores it.
 * On the wire it is OTLP (see otlp.ts); these are its types in our own words.
 */

export interface Host {
  /** `host.id`: stable over reboots, the Kafka key. */
  readonly id: string;
  /** `host.name`. */
  readonly name: string;
  /** `cloud.region`. */
  readonly region: string;
}

/** Whose a measurement is. The empty customer is `unattributed`: stored, shown to operators only. */
export interface Owner {
  /** `bellwether.customer`, '' when unattributed. */
  readonly customer: string;
  /** `service.name`. */
  readonly app: string;
  /** `service.instance.id`. */
  readonly instance: string;
}

export const UNATTRIBUTED: Owner = Object.freeze({ customer: '', app: '', instance: '' });

/** Which message this is: a replay carries the same three, so its rows replace themselves. */
export interface BatchIdentity {
  readonly hostId: string;
  /** UUID that the agent makes at each start (`bellwether.run`). */
  readonly run: string;
  /** Counts up from 0 within a run (`bellwether.seq`). */
  readonly seq: number;
}

export interface SumPoint {
  readonly kind: 'sum';
  readonly signal: string;
  readonly owner: Owner;
  readonly attributes: Readonly<Record<string, string>>;
  /** Delta over the window, in the signal's unit. */
  readonly value: number;
}

/** Scale-3 histogram over the value in seconds; sparse, ascending by index. */
export interface HistogramPoint {
  readonly kind: 'exponential_histogram';
  readonly signal: string;
  readonly owner: Owner;
  readonly attributes: Readonly<Record<string, string>>;
  readonly count: number;
  readonly zeroCount: number;
  /** Seconds. */
  readonly sum: number;
  /** Bucket i holds (2^(i/8), 2^((i+1)/8)] seconds. */
  readonly bucketIndexes: readonly number[];
  readonly bucketCounts: readonly number[];
}

export type Point = SumPoint | HistogramPoint;

/** What the agent counted of its own work in this window: emitted = stored + counted losses. */
export interface BatchLedger {
  /** Points in this batch. */
  readonly emittedPoints: number;
  /** Measurements lost on the host in this window, by cause (`drop_map_full`, `queue_overflow`, …). */
  readonly lost: Readonly<Record<string, number>>;
  /** Sum of values (packets, segments, samples) that found no owner, by signal. */
  readonly unattributed: Readonly<Record<string, number>>;
}

/** What one host says of one window besides its points. */
export interface BatchHead {
  readonly host: Host;
  readonly identity: BatchIdentity;
  /** Aligned to the window length, Unix milliseconds. */
  readonly windowStartMs: number;
  readonly windowEndMs: number;
  /** How much of the window the probes watched, milliseconds. */
  readonly observedMs: number;
  /** Customers that this host had owners' rules for: where they have no points, they had zero, not nothing. */
  readonly customers: readonly string[];
  /** The agent stops after this batch and is not expected until it starts again. */
  readonly goodbye: boolean;
  readonly ledger: BatchLedger;
}

/** One host × one window: one message on `signals.v1`. */
export interface SignalBatch extends BatchHead {
  readonly points: readonly Point[];
}

/** One sampled drop. */
export interface DropEvent {
  readonly timeUnixNano: bigint;
  readonly owner: Owner;
  readonly reason: string;
  readonly cause: string;
  readonly fault: string;
  readonly place: string;
  readonly way: string;
  /** `udp`, `tcp`, `icmp`, … or the protocol's number as text. */
  readonly protocol: string;
  /** Textual, IPv4 dotted; '' when the packet is not IP. */
  readonly sourceAddress: string;
  readonly sourcePort: number;
  readonly destinationAddress: string;
  readonly destinationPort: number;
  readonly lengthBytes: number;
  readonly interfaceName: string;
}

/** Sampled drops of one host × one window: one message on `events.v1`, absent when there were none. */
export interface EventBatch {
  readonly host: Host;
  readonly identity: BatchIdentity;
  readonly windowStartMs: number;
  readonly windowEndMs: number;
  readonly events: readonly DropEvent[];
}
