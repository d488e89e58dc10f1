import type { OutgoingMessage } from '../../../common/kafka/producer.js';
import type { Owner, Point, SignalBatch } from '../../../common/wire/batch.js';
import { encodeEventBatch, encodeSignalBatch } from '../../../common/wire/otlp.js';
import { EVENTS_TOPIC, SIGNALS_TOPIC } from '../../../schema/topics.js';
import type { SimLog } from './log.js';
import { BEGIN_MS, type Simulation } from './simulation.js';
import { REFUSED_HOST } from './store.js';

const WINDOW_MS = 10_000;
export const MINUTE_MS = 60_000;
const HOUR_MS = 3_600_000;
/** No message is sent after this, virtual milliseconds. */
export const LAST_SEND_MS = 100_000;
const HOSTS = ['host-1', 'host-2', 'host-3'];
const OWNERS: readonly Owner[] = [
  { customer: 'acme', app: 'shop', instance: 'shop-1' },
  { customer: '', app: '', instance: '' },
];

/** A row that must be in `samples` once. */
export interface ExpectedSample {
  /** `host|Unix ms|customer|metric`: what the row says, whatever identity the writer gives it. */
  readonly place: string;
  readonly value: number;
}

/** A message that somebody has sent, and what is to become of it. */
export interface Sent {
  readonly topic: string;
  readonly message: OutgoingMessage;
  readonly host: string;
  readonly windowStartMs: number;
  readonly samples: readonly ExpectedSample[];
  /** Rows in `events`. */
  readonly events: number;
  /** Rows in `batches`. */
  readonly batches: number;
  /** Goes to the dead-letter topic for this; undefined: is stored. */
  readonly deadBecause: string | undefined;
}

/** Agents that send each window, some late, some twice because an acknowledgement was lost; and strangers. */
export function planWorkload(sim: Simulation, log: SimLog): Map<string, Sent> {
  const sent = new Map<string, Sent>();
  const send = (atMs: number, one: Sent) => {
    sent.set(bytesOf(one.topic, one.message.value), one);
    const times = sim.goesWrong('an agent sends twice', 0.08) ? 2 : 1;
    for (let time = 0; time < times; time += 1) {
      sim.after(atMs + time * sim.random.between(100, 20_000), () => log.append(one.topic, one.message));
    }
  };
  const hosts = HOSTS.slice(0, 1 + sim.random.below(HOSTS.length));
  if (sim.random.chance(0.5)) hosts.push(REFUSED_HOST);
  for (const host of hosts) planHost(sim, host, send);
  const strangers = sim.random.below(4);
  for (let number = 0; number < strangers; number += 1) {
    send(sim.random.between(0, LAST_SEND_MS), stranger(sim, number));
  }
  return sent;
}

function planHost(sim: Simulation, host: string, send: (atMs: number, one: Sent) => void): void {
  const run = uuid(sim);
  // The spool of a host whose Kafka was away: these windows come later, together.
  const spooledFrom = sim.random.between(0, LAST_SEND_MS);
  const spooledUntil = spooledFrom + (sim.random.chance(0.5) ? sim.random.between(5_000, 50_000) : 0);
  for (let seq = 0; seq * WINDOW_MS < LAST_SEND_MS - WINDOW_MS; seq += 1) {
    if (host === REFUSED_HOST && sim.random.chance(0.7)) continue;
    const startMs = BEGIN_MS + seq * WINDOW_MS;
    const endAtMs = (seq + 1) * WINDOW_MS + sim.random.between(5, 900);
    const isSpooled = endAtMs >= spooledFrom && endAtMs < spooledUntil;
    const atMs = Math.min(isSpooled ? spooledUntil + sim.latency() : endAtMs, LAST_SEND_MS);
    send(atMs, signals(sim, host, run, seq, startMs));
    if (sim.random.chance(0.3)) send(atMs, events(host, run, seq, startMs));
  }
}

function signals(sim: Simulation, host: string, run: string, seq: number, startMs: number): Sent {
  const owners = sim.random.chance(0.5) ? OWNERS : OWNERS.slice(0, 1);
  const points = owners.flatMap((owner): Point[] => [
    {
      kind: 'sum',
      signal: 'packet.drops',
      owner,
      attributes: { 'drop.reason': 'X' },
      value: 1 + sim.random.below(1e6),
    },
    histogram(owner, 1 + sim.random.below(1e6)),
  ]);
  const message = { key: host, value: encodeSignalBatch(signalBatch(host, run, seq, startMs, points)) };
  const samples = points.map((point) => ({
    place: `${host}|${startMs}|${point.owner.customer}|${point.signal}`,
    value: point.kind === 'sum' ? point.value : point.count,
  }));
  const deadBecause = host === REFUSED_HOST ? 'store_refused' : undefined;
  return {
    topic: SIGNALS_TOPIC,
    message,
    host,
    windowStartMs: startMs,
    samples,
    events: 0,
    batches: 1,
    deadBecause,
  };
}

function histogram(owner: Owner, count: number): Point {
  const shape = { zeroCount: 0, sum: count / 1_024, bucketIndexes: [-40], bucketCounts: [count] };
  return { kind: 'exponential_histogram', signal: 'tcp.rtt', owner, attributes: {}, count, ...shape };
}

function signalBatch(
  host: string,
  run: string,
  seq: number,
  windowStartMs: number,
  points: readonly Point[],
): SignalBatch {
  return {
    host: { id: host, name: host, region: 'eu-1' },
    identity: { hostId: host, run, seq },
    windowStartMs,
    windowEndMs: windowStartMs + WINDOW_MS,
    observedMs: WINDOW_MS,
    customers: ['acme'],
    goodbye: false,
    ledger: { emittedPoints: points.length, lost: {}, unattributed: {} },
    points,
  };
}

function events(host: string, run: string, seq: number, startMs: number): Sent {
  const [owner = OWNERS[0]!] = OWNERS;
  const value = encodeEventBatch({
    host: { id: host, name: host, region: 'eu-1' },
    identity: { hostId: host, run, seq },
    windowStartMs: startMs,
    windowEndMs: startMs + WINDOW_MS,
    events: [0, 1].map((position) => ({
      timeUnixNano: BigInt(startMs + position) * 1_000_000n,
      owner,
      reason: 'X',
      cause: 'no_listener',
      fault: 'customer',
      place: 'socket',
      way: 'device',
      protocol: 'udp',
      sourceAddress: '10.0.0.1',
      sourcePort: 4_000,
      destinationAddress: '10.0.0.2',
      destinationPort: 9,
      lengthBytes: 128,
      interfaceName: 'eth0',
    })),
  });
  const deadBecause = host === REFUSED_HOST ? 'store_refused' : undefined;
  const message = { key: host, value };
  return {
    topic: EVENTS_TOPIC,
    message,
    host,
    windowStartMs: startMs,
    samples: [],
    events: 2,
    batches: 0,
    deadBecause,
  };
}

/** Something that no agent of ours has sent. */
function stranger(sim: Simulation, number: number): Sent {
  const common = { host: '', windowStartMs: 0, samples: [], events: 0, batches: 0 };
  const topic = sim.random.pick([SIGNALS_TOPIC, EVENTS_TOPIC]);
  const garbage = Buffer.from([0xff, 0xff, number, sim.random.below(256)]);
  const old = signals(sim, 'stranger', uuid(sim), number, BEGIN_MS - 49 * HOUR_MS).message;
  return sim.random.pick<Sent>([
    { ...common, topic, message: { key: null, value: garbage }, deadBecause: 'unreadable' },
    { ...common, topic: SIGNALS_TOPIC, message: old, deadBecause: 'too_old' },
  ]);
}

/** What a record is known by to whoever checks: its topic and its bytes. */
export function bytesOf(topic: string, value: Uint8Array | null): string {
  return `${topic} ${value === null ? '' : Buffer.from(value.buffer, value.byteOffset, value.byteLength).toString('latin1')}`;
}

function uuid(sim: Simulation): string {
  const hex = Array.from({ length: 32 }, () => sim.random.below(16).toString(16)).join('');
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
}
