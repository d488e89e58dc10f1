/**
 * `late-data`: a host sends its spool of 30 minutes once more, and another sends its own for the first time, long
 * after, out of order. Minutes and hours then hold what an oracle says that was kept from the acknowledgements alone;
 * and a bucket that counts as complete is.
 */
import { randomUUID } from 'node:crypto';
import type { Producer } from '../../common/kafka/producer.js';
import { createProducer } from '../../common/kafka/producer.js';
import { SIGNALS_TOPIC } from '../../schema/topics.js';
import { startPipeline, type Pipeline } from '../processors/writer/pipeline.js';
import { allRead, standing } from '../support/rollup-state.js';
import { compare, comparisonText, isEqual } from '../support/fleet/compare.js';
import { encodeFleet } from '../support/fleet/encoded.js';
import { createNumbers } from '../support/fleet/numbers.js';
import { fleetOracle } from '../support/fleet/oracle.js';
import { fleetPlan, type FleetBatchId, type FleetPlan } from '../support/fleet/plan.js';
import { until, untilDespiteErrors } from '../support/until.js';
import type { ProductPromise, PromiseContext, PromiseResult } from './promise.js';

const MIB = 1024 * 1024;
const HOUR_MS = 3_600_000;
const MINUTE_MS = 60_000;
/** 30 minutes of windows. */
const WINDOWS = 360;
const MESSAGES_PER_SEND = 90;
const STAND_LIMIT_MS = { short: 60_000, full: 240_000 };
const RESOLUTIONS = ['samples', 'minutes', 'hours'] as const;

const FORMS = {
  short: { hosts: 3, resent: 1, late: 1, points: 12, rollups: 1 },
  full: { hosts: 12, resent: 4, late: 4, points: 200, rollups: 2 },
};

/** Messages to the topic, and which of them it has acknowledged. */
class Sender {
  readonly acknowledged = new Map<string, FleetBatchId>();
  readonly #encoded;
  readonly #producer: Producer;

  constructor(plan: FleetPlan, producer: Producer) {
    this.#encoded = encodeFleet(plan);
    this.#producer = producer;
  }

  async send(batches: readonly FleetBatchId[]): Promise<void> {
    for (let at = 0; at < batches.length; at += MESSAGES_PER_SEND) {
      const group = batches.slice(at, at + MESSAGES_PER_SEND);
      await this.#producer.send(
        SIGNALS_TOPIC,
        group.map((id) => ({ key: String(id.host), value: this.#encoded.encode(id) })),
      );
      for (const id of group) this.acknowledged.set(`${id.host} ${id.window}`, id);
    }
  }
}

function spool(hosts: readonly number[], run: string): FleetBatchId[] {
  return hosts.flatMap((host) => Array.from({ length: WINDOWS }, (_, window) => ({ host, window, run })));
}

function shuffled(batches: readonly FleetBatchId[]): FleetBatchId[] {
  const numbers = createNumbers(batches.length);
  return batches
    .map((batch) => ({ batch, place: numbers.next() }))
    .sort((a, b) => a.place - b.place)
    .map(({ batch }) => batch);
}

async function startParts(pipeline: Pipeline, rollups: number) {
  const schema = pipeline.run('schema/main.js', 'schema');
  await until('the schema is there', () => schema.child.exitCode !== null, 30_000);
  if (schema.child.exitCode !== 0) throw new Error(schema.output());
  pipeline.run('processors/writer/main.js', 'writer', { BELLWETHER_WRITER_PORT: '0' });
  return Array.from({ length: rollups }, (_, number) =>
    pipeline.run('processors/rollup/main.js', `rollup-${number}`, { BELLWETHER_ROLLUP_PORT: '0' }),
  );
}

async function run({ mode, log }: PromiseContext): Promise<PromiseResult> {
  const form = FORMS[mode];
  const pipeline = await startPipeline();
  const { brokers } = pipeline.broker;
  const producer = createProducer({
    ...{ brokers, clientId: 'test', log: pipeline.log, maxMessageBytes: 8 * MIB },
  });
  try {
    const rollups = await startParts(pipeline, form.rollups);
    // A quarter of an hour on either side of the last full hour that is over: two hours that can stand.
    const startMs = Math.floor(Date.now() / HOUR_MS) * HOUR_MS - HOUR_MS - WINDOWS * 2_500;
    const plan = fleetPlan.parse({ seed: 6, hosts: form.hosts, pointsPerBatch: form.points, startMs });
    const sender = new Sender(plan, producer);
    const firstRun = randomUUID();
    const hosts = Array.from({ length: form.hosts }, (_, host) => host);
    const inTime = spool(hosts.slice(form.late), firstRun);
    await sender.send(inTime);
    await untilStanding(pipeline, STAND_LIMIT_MS[mode]);
    log(`${inTime.length} batches in time: minutes and hours stand`);

    const again = shuffled(inTime.slice(0, form.resent * WINDOWS));
    const late = shuffled(spool(hosts.slice(0, form.late), randomUUID()));
    await sender.send(again);
    await sender.send(late);
    const sentAt = performance.now();
    // One of several is killed in the middle of the work.
    if (rollups.length > 1) await rollups[0]?.end('SIGKILL');
    await untilStanding(pipeline, STAND_LIMIT_MS[mode]);
    const seconds = ((performance.now() - sentAt) / 1_000).toFixed(1);
    return await judge(pipeline, plan, sender, { again: again.length, late: late.length, seconds }, log);
  } finally {
    await producer.stop();
    await pipeline.stop();
  }
}

/** All is read, and all minutes and hours count as complete. */
async function untilStanding(pipeline: Pipeline, limitMs: number): Promise<void> {
  const kafka = { brokers: pipeline.broker.brokers, clientId: 'test', log: pipeline.log };
  await untilDespiteErrors('the writer has read all', () => allRead(kafka), limitMs);
  for (const resolution of ['minute', 'hour'] as const) {
    await untilDespiteErrors(
      `each ${resolution} stands`,
      async () => {
        const { touched, stand } = await standing(pipeline.client, resolution);
        return touched > 0 && touched === stand;
      },
      limitMs,
    );
  }
}

interface Sent {
  readonly again: number;
  readonly late: number;
  readonly seconds: string;
}

async function judge(
  pipeline: Pipeline,
  plan: FleetPlan,
  sender: Sender,
  sent: Sent,
  log: (line: string) => void,
): Promise<PromiseResult> {
  const oracle = fleetOracle(plan, [...sender.acknowledged.values()]);
  const comparisons = [];
  for (const resolution of RESOLUTIONS) {
    const comparison = await compare(pipeline.client, oracle, resolution);
    log(comparisonText(comparison));
    comparisons.push(comparison);
  }
  const minutes = (WINDOWS * plan.windowMs) / MINUTE_MS;
  const rows = comparisons.map(({ resolution, expected }) => `${expected} ${resolution}`).join(', ');
  const equal = comparisons.every((each) => isEqual(each) && each.expected > 0);
  return {
    holds: equal,
    figure: `${minutes} minutes: ${sent.again} batches sent again, ${sent.late} sent late, out of order; ${rows} rows ${equal ? 'equal' : 'NOT equal'} to what was acknowledged; complete ${sent.seconds} s after the last one`,
  };
}

export default {
  name: 'late-data',
  plannedSeconds: { short: 20, full: 120 },
  needs: 'nothing',
  run,
} satisfies ProductPromise;
