import { keyOf } from '../../../common/kafka/offset-tracker.js';
import { PROGRESS_TOPIC, TOPICS } from '../../../schema/topics.js';
import { INPUT_TOPICS } from '../../../processors/writer/writer.js';
import { SimGroup } from './group.js';
import { Invariants } from './invariants.js';
import type { Life } from './life.js';
import { SimLog } from './log.js';
import type { Simulation } from './simulation.js';
import { SimRollups } from './rollups.js';
import { SimStore } from './store.js';
import { planWorkload } from './workload.js';

/** Log, group and store of one schedule, what is sent, and who looks at it. */
export class World {
  readonly sim: Simulation;
  readonly log: SimLog;
  readonly store: SimStore;
  readonly writers: SimGroup;
  readonly rollups: SimGroup;
  readonly invariants: Invariants;
  /** Processes that are running. */
  readonly lives = new Set<Life>();
  stopped = false;
  /** How many rows a writer collects at most. */
  readonly flushRows: number;

  constructor(sim: Simulation) {
    this.sim = sim;
    this.log = new SimLog(sim, new Map(TOPICS.map(({ name, partitions }) => [name, partitions])));
    const tables = new SimRollups();
    this.invariants = new Invariants(sim, planWorkload(sim, this.log), this.log, tables);
    this.store = new SimStore(sim, this.invariants, tables);
    this.flushRows = sim.random.pick([3, 10, 100]);
    this.writers = new SimGroup(sim, this.log.partitionsOf(INPUT_TOPICS), (at, offset) =>
      this.invariants.committing(at, offset),
    );
    this.rollups = new SimGroup(sim, this.log.partitionsOf([PROGRESS_TOPIC]), (at, offset) =>
      this.invariants.committingProgress(at, offset),
    );
  }

  /** Kills what runs, for good. */
  stop(): void {
    this.stopped = true;
    for (const life of this.lives) life.kill('the schedule is over');
  }

  /** All that was sent is committed, and rolled up where its time has come. */
  isQuiet(): boolean {
    const isCommitted = this.log
      .partitionsOf(INPUT_TOPICS)
      .every((at) => (this.writers.committed.get(keyOf(at)) ?? 0) >= this.log.read(at).length);
    return isCommitted && this.invariants.areRollupsMade();
  }

  checkAtRest(): void {
    const records = this.log.partitionsOf(INPUT_TOPICS).flatMap((at) => this.log.read(at));
    this.invariants.atRest(this.store, records);
  }
}
