import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { createProducer } from '../../../common/kafka/producer.js';
import { SIGNALS_TOPIC } from '../../../schema/topics.js';
import { encodeFleet } from '../../support/fleet/encoded.js';
import { fleetPlan, hostId, type FleetPlan } from '../../support/fleet/plan.js';
import { freePort } from '../../support/ports.js';
import { until } from '../../support/until.js';
import { askNumber, type Site } from './site.js';

const HOSTS = 100;
const WINDOW_MS = 1_000;
const MIB = 1024 * 1024;
const LOOK_EVERY_MS = 20;
const LIMIT_MS = 60_000;
/** The first windows meet cold caches and code that is not compiled yet. */
const WARM_UP_WINDOWS = 3;

/**
 * 20,000 points/s: all of 100 hosts send a window of 200 points as soon as it has ended, as agents with one clock do.
 * @param group that has read all that stands on the topic before
 * @returns of each message the milliseconds from its window's end until its rows are seen in the table
 */
export async function measureDelay(site: Site, group: string, windows: number): Promise<number[]> {
  await site.client.command({ query: 'TRUNCATE TABLE bellwether.samples' });
  const writer = site.run('processors/writer/main.js', 'writer-delay', {
    BELLWETHER_WRITER_PORT: String(await freePort()),
    BELLWETHER_WRITER_GROUP: group,
  });
  try {
    await until('the writer joined', () => writer.output().includes('joined the group'), LIMIT_MS);
    return await sendAndWatch(site, windows + WARM_UP_WINDOWS);
  } finally {
    await writer.end('SIGTERM');
  }
}

async function sendAndWatch(site: Site, windows: number): Promise<number[]> {
  const startMs = (Math.floor(Date.now() / WINDOW_MS) + 2) * WINDOW_MS;
  const plan = fleetPlan.parse({ hosts: HOSTS, windowMs: WINDOW_MS, startMs, hostPrefix: 'delay' });
  const ends = Array.from({ length: windows }, (_, window) => startMs + (window + 1) * WINDOW_MS);
  const sending = send(site, ends, plan);
  const seenAt: number[] = [];
  const query = `SELECT count() AS n FROM bellwether.samples WHERE startsWith(host, 'delay')`;
  while (seenAt.length < windows * HOSTS) {
    const rows = await askNumber(site.client, query);
    const now = Date.now();
    while (seenAt.length < Math.floor(rows / plan.pointsPerBatch)) seenAt.push(now);
    if (now > startMs + windows * WINDOW_MS + LIMIT_MS) throw new Error(`only ${rows} rows came`);
    await sleep(LOOK_EVERY_MS);
  }
  await sending;
  const delays = seenAt.map((at, message) => at - (ends[Math.floor(message / HOSTS)] ?? 0));
  return delays.slice(WARM_UP_WINDOWS * HOSTS);
}

async function send(site: Site, ends: readonly number[], plan: FleetPlan): Promise<void> {
  const { brokers } = site.broker;
  const options = { brokers, clientId: 'bench', log: site.log, maxMessageBytes: 8 * MIB };
  const producer = createProducer(options);
  const fleet = encodeFleet(plan);
  const run = randomUUID();
  await producer.start();
  for (const [window, end] of ends.entries()) {
    await sleep(Math.max(0, end - Date.now()));
    await Promise.all(
      Array.from({ length: plan.hosts }, (_, host) => {
        const value = fleet.encode({ host, window, run });
        return producer.send(SIGNALS_TOPIC, [{ key: hostId(plan, host), value }]);
      }),
    );
  }
  await producer.stop();
}
