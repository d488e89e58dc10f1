import type { EventBatch, Owner, Point, SignalBatch } from '../../../common/wire/batch.js';

export const WINDOW_MS = 5_000;
const OWNERS: readonly Owner[] = [
  { customer: 'acme', app: 'shop', instance: 'shop-1' },
  { customer: 'globex', app: 'web', instance: 'web-7' },
  { customer: '', app: '', instance: '' },
];

/** A batch whose numbers say which host and window it is, so that a mix-up shows. */
export function signalBatch(host: number, window: number, startMs: number, run: string): SignalBatch {
  const points: Point[] = OWNERS.flatMap((owner, position): Point[] => [
    {
      kind: 'sum',
      signal: 'packet.drops',
      owner,
      attributes: { 'drop.reason': 'NO_SOCKET', 'drop.cause': 'no_listener' },
      value: host * 1_000 + window * 10 + position + 1,
    },
    {
      kind: 'exponential_histogram',
      signal: 'tcp.rtt',
      owner,
      attributes: {},
      count: window + 3,
      zeroCount: 1,
      sum: 0.25 * (window + 1),
      bucketIndexes: [-100, -40],
      bucketCounts: [window + 1, 1],
    },
  ]);
  return {
    host: { id: `host-${host}`, name: `host-${host}.example`, region: 'eu-1' },
    identity: { hostId: `host-${host}`, run, seq: window },
    windowStartMs: startMs,
    windowEndMs: startMs + WINDOW_MS,
    observedMs: WINDOW_MS,
    customers: ['acme', 'globex'],
    goodbye: false,
    ledger: { emittedPoints: points.length, lost: { ring_full: window }, unattributed: { 'tcp.rtt': 2 } },
    points,
  };
}

export function eventBatch(host: number, window: number, startMs: number, run: string): EventBatch {
  const [owner] = OWNERS;
  if (owner === undefined) throw new Error('no owner');
  return {
    host: { id: `host-${host}`, name: `host-${host}.example`, region: 'eu-1' },
    identity: { hostId: `host-${host}`, run, seq: window },
    windowStartMs: startMs,
    windowEndMs: startMs + WINDOW_MS,
    events: [0, 1].map((position) => ({
      timeUnixNano: BigInt(startMs + position) * 1_000_000n + 7n,
      owner,
      reason: 'NO_SOCKET',
      cause: 'no_listener',
      fault: 'customer',
      place: 'socket',
      way: 'device',
      protocol: 'udp',
      sourceAddress: '10.0.0.1',
      sourcePort: 4_000 + position,
      destinationAddress: '10.0.0.2',
      destinationPort: 9,
      lengthBytes: 128,
      interfaceName: 'eth0',
    })),
  };
}
