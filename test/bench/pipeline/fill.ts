import { randomUUID } from 'node:crypto';
import { createProducer } from '../../../common/kafka/producer.js';
import { encodeSignalBatch } from '../../../common/wire/otlp.js';
import { SIGNALS_TOPIC } from '../../../schema/topics.js';
import { fleetBatch, fleetPlan, hostId, type FleetPlan } from '../../support/fleet/plan.js';
import type { Site } from './site.js';

const MIB = 1024 * 1024;
const HOUR_MS = 3_600_000;
/** Sends in flight: the broker is to be kept busy, no more. */
const SENDERS = 16;

/** What the topic was filled with. */
export interface Filling {
  readonly messages: number;
  readonly points: number;
  /** Of all messages, not packed. */
  readonly bytes: number;
  /** Some of the messages, for what is measured without Kafka. */
  readonly some: readonly Uint8Array[];
}

/**
 * Messages of hosts × windows, in the order of time. Each window has numbers of its own: repeated ones would shrink
 * on the disk as real ones do not. All lie in the hour before this one, so in one partition of the table.
 */
export function fleetFor(hosts: number, windows: number): FleetPlan {
  const startMs = (Math.floor(Date.now() / HOUR_MS) - 1) * HOUR_MS;
  return fleetPlan.parse({ hosts, startMs, variants: windows });
}

const KEPT = 2_000;

/** Fills `signals.v1` as agents do: each message in a record set of its own, gzipped. */
export async function fill(site: Site, plan: FleetPlan, windows: number): Promise<Filling> {
  const producer = createProducer({
    brokers: site.broker.brokers,
    clientId: 'bench',
    log: site.log,
    maxMessageBytes: 8 * MIB,
  });
  const run = randomUUID();
  const total = plan.hosts * windows;
  const some: Uint8Array[] = [];
  let bytes = 0;
  let next = 0;
  const sender = async () => {
    while (next < total) {
      const number = next++;
      const host = number % plan.hosts;
      const batch = fleetBatch(plan, { host, window: Math.floor(number / plan.hosts), run });
      const value = encodeSignalBatch(batch);
      bytes += value.byteLength;
      if (some.length < KEPT) some.push(value);
      await producer.send(SIGNALS_TOPIC, [{ key: hostId(plan, host), value }]);
    }
  };
  await Promise.all(Array.from({ length: SENDERS }, sender));
  await producer.stop();
  return { messages: total, points: total * plan.pointsPerBatch, bytes, some };
}
