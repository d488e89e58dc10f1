import { keyOf } from '../../../common/kafka/offset-tracker.js';
import type { OffsetReader } from '../../../common/kafka/partition-offsets.js';
import type { Producer } from '../../../common/kafka/producer.js';
import { messageOf } from '../../../common/runtime/errors.js';
import { Collector } from '../../../processors/writer/collector.js';
import { SeriesHasher } from '../../../processors/writer/identity.js';
import { WriterMetrics } from '../../../processors/writer/metrics.js';
import { Preparer } from '../../../processors/writer/prepare.js';
import { Store } from '../../../processors/writer/store.js';
import { createWatch } from '../../../processors/writer/watch.js';
import { createWriter, INPUT_TOPICS, takeIn } from '../../../processors/writer/writer.js';
import { SimConsumer } from './consumer.js';
import { Life } from './life.js';
import type { MemberRun } from './member-run.js';
import { ask } from './network.js';
import { simProducer } from './producer.js';
import type { Simulation } from './simulation.js';
import { storeClient, storeInsert, type Insert } from './store-client.js';
import { traceLogger } from './trace-logger.js';
import type { World } from './world.js';

/** The parts of one writer before it starts, where a planted fault takes hold of them. */
export interface WriterMember {
  readonly sim: Simulation;
  readonly life: Life;
  insert: Insert;
  readonly store: Store;
  readonly producer: Producer;
  readonly preparer: Preparer;
  readonly consumer: SimConsumer;
  readonly collector: Collector;
}

const RETENTION_MS = 48 * 3_600_000;
const STALL_MS = 30_000;
const MIB = 1024 * 1024;
/** Counters and a memo of hashes, neither of which says what is stored: made once, since that takes long. */
const metrics = new WriterMetrics();
const hasher = new SeriesHasher();
const nothing = () => Promise.resolve();

/** Composes a writer as its main.ts does, out of the product's parts and simulated Kafka, store and time. */
export function startWriter(world: World, name: string, plant: (member: WriterMember) => void): MemberRun {
  const { sim } = world;
  const life = new Life(sim, name);
  const log = traceLogger(sim, name);
  const giveUp = new AbortController();
  const { clock } = life;
  const client = storeClient((table, rows) => member.insert(table, rows));
  const store = new Store({ client, metrics, log, signal: giveUp.signal, clock });
  const limits = { flushMs: 500, rows: world.flushRows, bytes: 32 * MIB, items: 10_000 };
  const collector = new Collector(limits, clock);
  const preparer = new Preparer(RETENTION_MS, hasher);
  const roomFor = () => collector.roomFor();
  const onMessage = takeIn({ collector, preparer, metrics });
  const consumer = new SimConsumer({ sim, life, log: world.log, group: world.writers, roomFor, onMessage });
  const producer = simProducer(sim, life, world.log);
  const member: WriterMember = {
    ...{ sim, life, store, producer, preparer, collector, consumer },
    insert: storeInsert(sim, life, world.store),
  };
  plant(member);
  const offsetReader = simOffsetReader(world, life);
  const onFatal = (error: unknown) => life.kill(`fatal: ${messageOf(error)}`);
  const parts = {
    collector,
    preparer,
    store,
    consumer,
    producer,
    offsetReader,
    metrics,
    log,
    giveUp,
    onFatal,
  };
  const writer = createWriter({ ...parts, clock });
  const watch = createWatch({
    ...parts,
    stallMs: STALL_MS,
    waitsForStore: () => store.trouble !== undefined,
    clock,
  });
  void writer.start().then(() => watch.start());
  return {
    life,
    stop: () =>
      void watch
        .stop()
        .then(() => writer.stop())
        .then(() => life.kill('stopped in order')),
    rejoin: () => void consumer.restart(),
  };
}

function simOffsetReader({ sim, log, writers }: World, life: Life): OffsetReader {
  const read = () =>
    log.partitionsOf(INPUT_TOPICS).map((at) => {
      const committed = writers.committed.get(keyOf(at)) ?? null;
      return { ...at, low: 0, high: log.read(at).length, committed };
    });
  return {
    start: nothing,
    stop: nothing,
    read: () => ask(sim, life, writers, 'read offsets', read),
    unreachable: () => Promise.resolve([]),
  };
}
