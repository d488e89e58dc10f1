import { keyOf } from '../../../common/kafka/offset-tracker.js';
import { TOPICS } from '../../../schema/topics.js';
import { INPUT_TOPICS } from '../../../processors/writer/writer.js';
import { SimGroup } from './group.js';
import { Invariants } from './invariants.js';
import { SimLog } from './log.js';
import type { Simulation } from './simulation.js';
import { SimStore } from './store.js';
import { planWorkload } from './workload.js';

/** Log, group and store of one schedule, what is sent, and who looks at it. */
export class World {
  readonly sim: Simulation;
  readonly log: SimLog;
  readonly store: SimStore;
  readonly writers: SimGroup;
  readonly invariants: Invariants;
  /** How many rows a writer collects at most. */
  readonly flushRows: number;

  constructor(sim: Simulation) {
    this.sim = sim;
    this.log = new SimLog(sim, new Map(TOPICS.map(({ name, partitions }) => [name, partitions])));
    this.invariants = new Invariants(sim, planWorkload(sim, this.log), this.log);
    this.store = new SimStore(sim, this.invariants);
    this.flushRows = sim.random.pick([3, 10, 100]);
    this.writers = new SimGroup(sim, this.log.partitionsOf(INPUT_TOPICS), (at, offset) =>
      this.invariants.committing(at, offset),
    );
  }

  /** All that was sent is committed. */
  isQuiet(): boolean {
    return this.log
      .partitionsOf(INPUT_TOPICS)
      .every((at) => (this.writers.committed.get(keyOf(at)) ?? 0) >= this.log.read(at).length);
  }

  checkAtRest(): void {
    const records = this.log.partitionsOf(INPUT_TOPICS).flatMap((at) => this.log.read(at));
    this.invariants.atRest(this.store, records);
  }
}
