import { z } from 'zod';
import type { Host, Owner, Point, SignalBatch } from '../../../common/wire/batch.js';
import { createNumbers, type Numbers } from './numbers.js';

/** What a simulated fleet measures; the same plan gives the same points, in whatever process. */
export const fleetPlan = z.object({
  seed: z.number().int().default(1),
  hosts: z.number().int().positive(),
  pointsPerBatch: z.number().int().positive().default(200),
  windowMs: z.number().int().positive().default(5_000),
  /** Start of window 0, aligned, Unix milliseconds. */
  startMs: z.number().int(),
  /** Sets of numbers that a host has: window w says those of set w modulo this. */
  variants: z.number().int().positive().default(4),
  /** Before each host's number: two fleets on one store differ in it. */
  hostPrefix: z.string().min(1).default('fleet'),
});
export type FleetPlan = z.output<typeof fleetPlan>;

/**
 * Numbers of a host's batches begin here, not at 0, so that each has three bytes on the wire (`encoded.ts`), up to
 * two million windows.
 */
export const FIRST_SEQ = 2 ** 14;

/** One message of the fleet: host and window by number; `seq` is the window's number after `FIRST_SEQ`. */
export interface FleetBatchId {
  readonly host: number;
  readonly window: number;
  readonly run: string;
}

const CUSTOMERS = ['acme', 'globex', 'initech', 'umbrella', 'wonka', ''];
const APPS = ['shop', 'search', 'mail'];
const POINTS_PER_OWNER = 10;
/** Histograms' sums are multiples of this, so that adding them is exact in whatever order. */
const SUM_STEP = 2 ** -20;

export function hostId(plan: FleetPlan, host: number): string {
  return `${plan.hostPrefix}-${String(host).padStart(4, '0')}`;
}

export function hostOf(plan: FleetPlan, host: number): Host {
  const id = hostId(plan, host);
  return { id, name: `${id}.example`, region: `region-${String(host % 3)}` };
}

export function windowStart(plan: FleetPlan, window: number): number {
  return plan.startMs + window * plan.windowMs;
}

/** The points of a host in each window whose number is `variant` modulo the plan's variants. */
export function fleetPoints(plan: FleetPlan, host: number, variant: number): Point[] {
  const numbers = createNumbers(plan.seed, host, variant);
  const points: Point[] = [];
  for (let number = 0; points.length < plan.pointsPerBatch; number += 1) {
    points.push(...pointsOf(ownerOf(host, number), numbers));
  }
  return points.slice(0, plan.pointsPerBatch);
}

/** One host × one window, as an agent would say it. */
export function fleetBatch(plan: FleetPlan, { host, window, run }: FleetBatchId): SignalBatch {
  const points = fleetPoints(plan, host, window % plan.variants);
  const start = windowStart(plan, window);
  return {
    host: hostOf(plan, host),
    identity: { hostId: hostId(plan, host), run, seq: FIRST_SEQ + window },
    windowStartMs: start,
    windowEndMs: start + plan.windowMs,
    observedMs: plan.windowMs,
    customers: CUSTOMERS.filter((customer) => customer !== ''),
    goodbye: false,
    ledger: { emittedPoints: points.length, lost: { ring_full: host % 2 }, unattributed: { 'tcp.rtt': 1 } },
    points,
  };
}

function ownerOf(host: number, number: number): Owner {
  const customer = CUSTOMERS[number % CUSTOMERS.length] ?? '';
  // What found no owner has no app either; the instance keeps its series apart all the same.
  if (customer === '') return { customer, app: '', instance: number < CUSTOMERS.length ? '' : `${number}` };
  return { customer, app: APPS[number % APPS.length] ?? '', instance: `${customer}-${host}-${number}` };
}

/** All signals of the catalogue; ten points, half of them of drops, as on a busy host. */
function pointsOf(owner: Owner, numbers: Numbers): Point[] {
  const drop = (reason: string, cause: string) => ({
    'drop.reason': reason,
    'drop.cause': cause,
    'drop.fault': 'customer',
    'drop.place': 'socket',
    'drop.way': 'socket',
  });
  const sum = (signal: string, attributes: Record<string, string>, most: number): Point => {
    return { kind: 'sum', signal, owner, attributes, value: numbers.whole(1, most) };
  };
  const noSocket = drop('NO_SOCKET', 'no_listener');
  const full = drop('SOCKET_RCVBUFF', 'receiver_buffer');
  const points = [
    sum('packet.drops', noSocket, 50),
    sum('packet.drop.bytes', noSocket, 60_000),
    histogram('tcp.rtt', owner, numbers),
    sum('tcp.retransmits', {}, 40),
    sum('packet.drops', full, 900),
    sum('packet.drop.bytes', full, 900_000),
    histogram('tcp.connect.duration', owner, numbers),
    sum('tcp.connect.failures', { 'error.type': 'refused' }, 9),
    sum('tcp.connect.failures', { 'error.type': 'timed_out' }, 3),
    sum('packet.drops', drop('NETFILTER_DROP', 'policy'), 20),
  ];
  if (points.length !== POINTS_PER_OWNER) throw new Error('an owner has ten points');
  return points;
}

/** Some buckets around a round-trip time between 0.1 and 60 ms, which is where real ones lie. */
function histogram(signal: string, owner: Owner, numbers: Numbers): Point {
  const width = numbers.whole(3, 14);
  const first = numbers.whole(-106, -46);
  const bucketIndexes: number[] = [];
  const bucketCounts: number[] = [];
  const zeroCount = numbers.whole(0, 1);
  let count = zeroCount;
  let steps = 0;
  for (let index = first; index < first + width; index += 1) {
    const values = numbers.whole(0, 30);
    // Sparse, as the wire and the table hold them.
    if (values === 0) continue;
    bucketIndexes.push(index);
    bucketCounts.push(values);
    count += values;
    steps += Math.round((values * 2 ** ((index + 1) / 8)) / SUM_STEP);
  }
  return {
    kind: 'exponential_histogram',
    signal,
    owner,
    attributes: {},
    count,
    zeroCount,
    sum: steps * SUM_STEP,
    bucketIndexes,
    bucketCounts,
  };
}
