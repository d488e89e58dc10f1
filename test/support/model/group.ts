import { keyOf, type Position, type TopicPartition } from '../../../common/kafka/offset-tracker.js';
import type { Life } from './life.js';
import type { Remote } from './network.js';
import type { Simulation } from './simulation.js';

/** What the coordinator tells a member. */
export interface GroupMember {
  readonly life: Life;
  rebalancing(): void;
  assigned(id: number, generation: number, partitions: readonly TopicPartition[]): void;
}

/** Whether a commit may stand; a watcher sees it before it does. */
export type CommitWatcher = (at: TopicPartition, offset: number) => void;

/** As in common/kafka/consumer.ts. */
const SESSION_TIMEOUT_MS = 10_000;
const REBALANCE_TIMEOUT_MS = 15_000;

/**
 * A group's coordinator: members, generations, committed offsets. Whoever does not answer a rebalance or stands
 * still for the session timeout is out; its commits are refused from then on, but not what it does elsewhere.
 */
export class SimGroup implements Remote {
  readonly up = true;
  readonly run = 0;
  readonly committed = new Map<string, number>();
  readonly #sim: Simulation;
  readonly #partitions: readonly TopicPartition[];
  readonly #watcher: CommitWatcher;
  readonly #members = new Map<number, GroupMember>();
  readonly #answered = new Set<number>();
  #lastId = 0;
  #generation = 0;
  #round = 0;
  #collecting = false;

  constructor(sim: Simulation, partitions: readonly TopicPartition[], watcher: CommitWatcher) {
    this.#sim = sim;
    this.#partitions = partitions;
    this.#watcher = watcher;
  }

  join(member: GroupMember): void {
    const id = (this.#lastId += 1);
    this.#members.set(id, member);
    const { life } = member;
    const patience = () => this.#sim.after(SESSION_TIMEOUT_MS, () => this.#expire(id));
    life.onEnd(patience);
    life.onFreeze(patience);
    life.onWake(() => this.#sim.after(this.#sim.latency(), () => this.#heartbeat(member)));
    this.#rebalance(id);
  }

  leave(member: GroupMember): void {
    for (const [id, known] of this.#members) {
      if (known !== member) continue;
      this.#members.delete(id);
      this.#rebalance();
    }
  }

  /** @throws Error when the member is not in the group, or of an older generation. */
  commit(id: number, generation: number, positions: readonly Position[]): void {
    if (!this.#members.has(id)) throw new Error('UNKNOWN_MEMBER_ID');
    if (generation !== this.#generation) throw new Error('ILLEGAL_GENERATION');
    for (const { topic, partition, offset } of positions) {
      this.#sim.note(() => `group: ${topic}[${partition}] committed to ${offset}`);
      this.#watcher({ topic, partition }, offset);
      this.committed.set(keyOf({ topic, partition }), offset);
    }
  }

  #expire(id: number): void {
    const member = this.#members.get(id);
    if (member === undefined || (member.life.alive && !member.life.frozen)) return;
    this.#sim.note(() => `group: ${member.life.name} is out, it was silent for too long`);
    this.#members.delete(id);
    this.#rebalance();
  }

  /** One that was put out while it stood still learns of it, and joins anew. */
  #heartbeat(member: GroupMember): void {
    member.life.deliver(() => {
      if ([...this.#members.values()].includes(member)) return;
      member.rebalancing();
      this.join(member);
    });
  }

  #rebalance(joining?: number): void {
    const round = (this.#round += 1);
    if (!this.#collecting) this.#answered.clear();
    this.#collecting = true;
    if (joining !== undefined) this.#answered.add(joining);
    for (const [id, member] of this.#members) if (!this.#answered.has(id)) this.#tell(id, member, round);
    this.#sim.after(REBALANCE_TIMEOUT_MS, () => this.#complete(round));
    this.#sim.after(this.#sim.latency(), () => this.#completeIfAll(round));
  }

  /** At its next heartbeat a member learns of the rebalance, and takes part. */
  #tell(id: number, member: GroupMember, round: number): void {
    this.#sim.after(this.#sim.random.between(0, 2_000), () =>
      member.life.deliver(() => {
        if (!this.#members.has(id) || !this.#collecting) return;
        member.rebalancing();
        this.#answered.add(id);
        this.#completeIfAll(round);
      }),
    );
  }

  #completeIfAll(round: number): void {
    if ([...this.#members.keys()].every((id) => this.#answered.has(id))) this.#complete(round);
  }

  #complete(round: number): void {
    if (round !== this.#round || !this.#collecting) return;
    this.#collecting = false;
    for (const id of this.#members.keys()) if (!this.#answered.has(id)) this.#members.delete(id);
    const generation = (this.#generation += 1);
    const members = this.#sim.random.shuffled([...this.#members]);
    const shares = members.map((): TopicPartition[] => []);
    for (const [position, at] of this.#sim.random.shuffled(this.#partitions).entries()) {
      shares[position % shares.length]?.push(at);
    }
    for (const [position, [id, member]] of members.entries()) {
      const share = shares[position] ?? [];
      this.#sim.after(this.#sim.random.between(1, 500), () =>
        member.life.deliver(() => {
          if (generation === this.#generation) member.assigned(id, generation, share);
        }),
      );
    }
    this.#sim.note(
      () => `group: generation ${generation} of ${members.map(([, { life }]) => life.name).join(', ')}`,
    );
  }
}
