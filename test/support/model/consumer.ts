import { setMaxListeners } from 'node:events';
import type { GroupConsumer, ReceivedMessage } from '../../../common/kafka/consumer.js';
import { keyOf, OffsetTracker, type TopicPartition } from '../../../common/kafka/offset-tracker.js';
import type { GroupMember, SimGroup } from './group.js';
import type { Life } from './life.js';
import type { SimLog } from './log.js';
import { ask } from './network.js';
import type { Simulation } from './simulation.js';

export interface SimConsumerOptions {
  readonly sim: Simulation;
  readonly life: Life;
  readonly log: SimLog;
  readonly group: SimGroup;
  readonly roomFor: (signal: AbortSignal) => Promise<void> | undefined;
  readonly onMessage: (message: ReceivedMessage) => void;
}

interface Membership {
  readonly id: number;
  readonly generation: number;
}

const LARGEST_FETCH = 8;
/** Said when a turn ends: without it an error with a stack is made each time. */
const OVER = 'the turn is over';

/**
 * A member of a simulated group that does with its `OffsetTracker` what common/kafka/consumer.ts does, at the
 * same moments; its client has KafkaJS's faults: a position may survive a rebalance, a commit that is tried
 * again goes out under a newer generation.
 */
export class SimConsumer implements GroupConsumer, GroupMember {
  /** Another one only for a planted fault. */
  offsets = new OffsetTracker();
  readonly life: Life;
  readonly #options: SimConsumerOptions;
  readonly #positions = new Map<string, number>();
  #membership: Membership | undefined;
  #assignment: readonly TopicPartition[] = [];
  #turn = new AbortController();
  #stopping = false;
  #onJoined: (() => void)[] = [];
  #onData: (() => void) | undefined;

  constructor(options: SimConsumerOptions) {
    this.#options = options;
    this.life = options.life;
    options.log.watch(() => this.#onData?.());
  }

  assignment(): readonly TopicPartition[] {
    return this.#assignment;
  }

  joined(): boolean {
    return this.#membership !== undefined;
  }

  start(): Promise<void> {
    const { group } = this.#options;
    return new Promise((resolve) => {
      this.#onJoined.push(resolve);
      group.join(this);
    });
  }

  stop(): Promise<void> {
    this.quiesce();
    this.#options.group.leave(this);
    this.#forget();
    return Promise.resolve();
  }

  quiesce(): void {
    this.#stopping = true;
    this.#turn.abort(OVER);
  }

  /** A new client: the old one's membership and positions are gone. */
  restart(): Promise<void> {
    if (this.#stopping) return Promise.resolve();
    this.#options.group.leave(this);
    this.#forget();
    return this.start();
  }

  async commit(): Promise<boolean> {
    const positions = this.offsets.toCommit();
    if (positions.length === 0) return true;
    const { sim, life, group } = this.#options;
    for (let attempt = 0; attempt < 3; attempt += 1) {
      const membership = this.#membership;
      if (membership === undefined) return false;
      try {
        const { id, generation } = membership;
        await ask(sim, life, group, 'commit', () => group.commit(id, generation, positions));
        this.offsets.committed(positions);
        return true;
      } catch {
        if (!sim.goesWrong(`${life.name}: its client commits again`, 0.3)) return false;
      }
    }
    return false;
  }

  rebalancing(): void {
    this.#newTurn();
  }

  assigned(id: number, generation: number, partitions: readonly TopicPartition[]): void {
    const { sim, life, group } = this.#options;
    const kept = new Set(this.#assignment.map(keyOf));
    this.#membership = { id, generation };
    this.#assignment = partitions;
    this.#newTurn();
    this.offsets.assign(partitions);
    for (const at of partitions) {
      const key = keyOf(at);
      const committed = group.committed.get(key) ?? 0;
      const moved = kept.has(key) && sim.goesWrong(`${life.name}: keeps its position on ${key}`, 0.1);
      this.#positions.set(key, moved ? Math.max(committed, this.#positions.get(key) ?? 0) : committed);
    }
    sim.note(() => `${life.name} has ${partitions.map(keyOf).join(' ')}`);
    for (const joined of this.#onJoined.splice(0)) joined();
    void this.#fetch(this.#turn.signal);
  }

  #newTurn(): void {
    this.#turn.abort(OVER);
    this.#turn = new AbortController();
    // Each wait for room listens to it.
    setMaxListeners(0, this.#turn.signal);
    this.#onData?.();
  }

  #forget(): void {
    this.#membership = undefined;
    this.#assignment = [];
    this.#newTurn();
    this.offsets.assign([]);
  }

  async #fetch(turn: AbortSignal): Promise<void> {
    const { sim, life } = this.#options;
    while (!turn.aborted && !this.#stopping) {
      const waiting = this.#assignment.filter((at) => this.#unread(at).length > 0);
      if (waiting.length === 0) await this.#untilData();
      else {
        const at = sim.random.pick(waiting);
        const batch = this.#unread(at).slice(0, 1 + sim.random.below(LARGEST_FETCH));
        await life.clock.sleep(sim.latency());
        await this.#handle(batch, turn);
      }
    }
  }

  #unread(at: TopicPartition): readonly ReceivedMessage[] {
    return this.#options.log.read(at).slice(this.#positions.get(keyOf(at)) ?? 0);
  }

  #untilData(): Promise<void> {
    const { sim, life } = this.#options;
    return new Promise((resolve) => {
      this.#onData = () => {
        this.#onData = undefined;
        sim.after(sim.latency(), () => life.deliver(resolve));
      };
    });
  }

  /** As `#handle` of the real one. */
  async #handle(batch: readonly ReceivedMessage[], turn: AbortSignal): Promise<void> {
    for (const message of batch) {
      await this.#waitForRoom(turn);
      if (this.#stopping || turn.aborted) return;
      this.offsets.delivered(message, message.offset);
      this.#options.onMessage(message);
      this.#positions.set(keyOf(message), message.offset + 1);
    }
  }

  async #waitForRoom(turn: AbortSignal): Promise<void> {
    for (;;) {
      if (this.#stopping || turn.aborted) return;
      const wait = this.#options.roomFor(turn);
      if (wait === undefined) return;
      await Promise.race([wait, this.life.clock.sleep(1_000, turn)]);
    }
  }
}
