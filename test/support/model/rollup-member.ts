import type { ReceivedMessage } from '../../../common/kafka/consumer.js';
import { messageOf } from '../../../common/runtime/errors.js';
import { createLook } from '../../../processors/rollup/look.js';
import { Maker } from '../../../processors/rollup/maker.js';
import { RollupMetrics } from '../../../processors/rollup/metrics.js';
import { createRollup, roomFor, takeIn } from '../../../processors/rollup/rollup.js';
import { GAPS_MS, Schedule } from '../../../processors/rollup/schedule.js';
import type { RollupStore } from '../../../processors/rollup/store.js';
import { Waker } from '../../../processors/rollup/waker.js';
import { ROLLUP_DELAY_MS } from './clean-buckets.js';
import { SimConsumer } from './consumer.js';
import { Life } from './life.js';
import type { MemberRun } from './member-run.js';
import { simRollupStore } from './rollup-store.js';
import type { Simulation } from './simulation.js';
import { traceLogger } from './trace-logger.js';
import type { World } from './world.js';

/** The parts of one rollup before it starts, where a planted fault takes hold of them. */
export interface RollupMember {
  readonly sim: Simulation;
  readonly life: Life;
  readonly store: RollupStore;
  readonly consumer: SimConsumer;
}

const RAW_RETENTION_MS = 48 * 3_600_000;
const MINUTE_RETENTION_MS = 30 * 86_400_000;
const LOOK_MS = 30_000;
const metrics = new RollupMetrics();

/** Composes a rollup as its main.ts does, out of the product's parts and simulated Kafka, store and time. */
export function startRollup(world: World, name: string, plant: (member: RollupMember) => void): MemberRun {
  const { sim } = world;
  const life = new Life(sim, name);
  const { clock } = life;
  const log = traceLogger(sim, name);
  const onFatal = (error: unknown) => life.kill(`fatal: ${messageOf(error)}`);
  const store = simRollupStore(sim, life, world.store);
  const schedule = new Schedule<ReceivedMessage>({ delayMs: ROLLUP_DELAY_MS, gapsMs: GAPS_MS });
  const waker = new Waker(clock);
  const consumer: SimConsumer = new SimConsumer({
    ...{ sim, life, log: world.log, group: world.rollups },
    roomFor: () => roomFor({ schedule, clock }),
    onMessage: (message) => take(message),
  });
  const take = takeIn({ schedule, metrics, consumer, waker });
  plant({ sim, life, store, consumer });
  const common = { store, metrics, log, clock, rawRetentionMs: RAW_RETENTION_MS };
  const onDone = (message: ReceivedMessage) => consumer.offsets.done(message, message.offset);
  const maker = new Maker({ ...common, schedule, onDone });
  const rollup = createRollup({ schedule, maker, consumer, metrics, clock, waker, onFatal });
  const look = createLook({
    ...common,
    consumer,
    lookMs: LOOK_MS,
    delayMs: ROLLUP_DELAY_MS,
    minuteRetentionMs: MINUTE_RETENTION_MS,
    onDirty: (bucket) => {
      schedule.touch(bucket);
      waker.wake();
    },
    afterLook: () => Promise.resolve(),
  });
  void rollup.start().then(() => look.start());
  const stop = async () => {
    await look.stop();
    await rollup.stop();
    life.kill('stopped in order');
  };
  return { life, stop: () => void stop(), rejoin: () => void consumer.restart() };
}
