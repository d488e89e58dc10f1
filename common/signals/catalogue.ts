/**
 * The catalogue: every signal once, with the words that all stages, tables, answers and documents use.
 * A signal that is not here is not emitted; a test holds the documents to this list.
 */
export type SignalKind = 'sum' | 'exponential_histogram';

export interface Signal {
  /** OpenTelemetry metric name; also the `metric` column and the API's `signal` parameter. */
  readonly name: string;
  readonly prometheusName: string;
  /** UCUM unit as OpenTelemetry writes it. */
  readonly unit: 's' | 'By' | '{packet}' | '{segment}' | '{connection}';
  readonly kind: SignalKind;
  /** Attribute keys of its points, in a fixed order. */
  readonly attributes: readonly string[];
  readonly help: string;
  /** The kernel hook that it is measured at. */
  readonly measuredAt: string;
}

/** Attributes of a drop, each a property of the drop itself and none of its owner. */
export const DROP_ATTRIBUTES = ['drop.reason', 'drop.cause', 'drop.fault', 'drop.place', 'drop.way'] as const;

const signals = [
  {
    name: 'packet.drops',
    prometheusName: 'bellwether_packet_drops_total',
    unit: '{packet}',
    kind: 'sum',
    attributes: DROP_ATTRIBUTES,
    help: 'Packets that the kernel dropped, by the reason that it gave.',
    measuredAt: 'tp_btf/kfree_skb',
  },
  {
    name: 'packet.drop.bytes',
    prometheusName: 'bellwether_packet_drop_bytes_total',
    unit: 'By',
    kind: 'sum',
    attributes: DROP_ATTRIBUTES,
    help: 'Bytes of the packets that the kernel dropped, as long as they were where they were dropped.',
    measuredAt: 'tp_btf/kfree_skb',
  },
  {
    name: 'tcp.rtt',
    prometheusName: 'bellwether_tcp_rtt_seconds',
    unit: 's',
    kind: 'exponential_histogram',
    attributes: [],
    help: 'Round-trip time of TCP connections, sampled once a round trip.',
    measuredAt: 'tp_btf/tcp_probe',
  },
  {
    name: 'tcp.connect.duration',
    prometheusName: 'bellwether_tcp_connect_duration_seconds',
    unit: 's',
    kind: 'exponential_histogram',
    attributes: [],
    help: 'Time from the SYN of an outgoing TCP connection until it is established.',
    measuredAt: 'tp_btf/inet_sock_set_state',
  },
  {
    name: 'tcp.retransmits',
    prometheusName: 'bellwether_tcp_retransmits_total',
    unit: '{segment}',
    kind: 'sum',
    attributes: [],
    help: 'TCP segments that were sent again.',
    measuredAt: 'tp_btf/tcp_retransmit_skb',
  },
  {
    name: 'tcp.connect.failures',
    prometheusName: 'bellwether_tcp_connect_failures_total',
    unit: '{connection}',
    kind: 'sum',
    attributes: ['error.type'],
    help: 'Outgoing TCP connections that were never established, by error: refused, timed_out, unreachable, other.',
    measuredAt: 'tp_btf/inet_sock_set_state',
  },
] as const satisfies readonly Signal[];

export type SignalName = (typeof signals)[number]['name'];

export const SIGNALS: readonly Signal[] = Object.freeze(signals);

const byName: ReadonlyMap<string, Signal> = new Map(SIGNALS.map((signal) => [signal.name, signal]));

/** The catalogue's entry of that OpenTelemetry name, or undefined. */
export function findSignal(name: string): Signal | undefined {
  return byName.get(name);
}

/** Names of the signals of one kind, in catalogue order. */
export function signalNames(kind: SignalKind): string[] {
  return SIGNALS.filter((signal) => signal.kind === kind).map((signal) => signal.name);
}
