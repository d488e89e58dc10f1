export interface TopicPartition {
  readonly topic: string;
  readonly partition: number;
}

export interface Position extends TopicPartition {
  /** Offset of the next message to read, which is what Kafka wants committed. */
  readonly offset: number;
}

interface PartitionState extends TopicPartition {
  /** Delivered and not yet done, of this assignment and of earlier ones; a replayed offset counts twice. */
  readonly outstanding: Map<number, number>;
  assigned: boolean;
  /** First and last offset delivered since the assignment. */
  first: number | undefined;
  last: number | undefined;
  /** Highest position committed since the assignment. */
  committed: number | undefined;
}

/**
 * Knows which messages are in work and up to where each partition may be committed: the contiguous prefix of
 * messages that are done. After a rebalance the messages in work stay so and hold the commit back until they
 * are done, although they will be delivered again: so nothing is ever committed that is not stored, even when
 * the client moves its position by work of the old assignment.
 */
export class OffsetTracker {
  readonly #partitions = new Map<string, PartitionState>();
  #outstanding = 0;

  /** Messages in work. */
  get outstanding(): number {
    return this.#outstanding;
  }

  /** A new assignment; each of its partitions starts wherever its first message stands. */
  assign(assignment: readonly TopicPartition[]): void {
    for (const state of this.#partitions.values()) {
      state.assigned = false;
      if (state.outstanding.size === 0) this.#partitions.delete(keyOf(state));
    }
    for (const { topic, partition } of assignment) {
      const state = this.#stateOf({ topic, partition });
      state.assigned = true;
      state.first = state.last = state.committed = undefined;
    }
  }

  /** A message was taken in; call before anything is done with it. */
  delivered(at: TopicPartition, offset: number): void {
    const state = this.#stateOf(at);
    state.outstanding.set(offset, (state.outstanding.get(offset) ?? 0) + 1);
    this.#outstanding += 1;
    if (state.last === undefined || offset <= state.last) {
      // The first of an assignment, or the client went back (retention, a topic made anew).
      state.first = offset;
      state.committed = undefined;
    }
    state.last = offset;
  }

  /** All that the message says is durably stored or dead-lettered. */
  done(at: TopicPartition, offset: number): void {
    const state = this.#stateOf(at);
    const count = state.outstanding.get(offset);
    if (count === undefined) {
      throw new RangeError(`${at.topic}[${at.partition}] offset ${offset} is done but was not in work`);
    }
    if (count === 1) state.outstanding.delete(offset);
    else state.outstanding.set(offset, count - 1);
    this.#outstanding -= 1;
    if (!state.assigned && state.outstanding.size === 0) this.#partitions.delete(keyOf(state));
  }

  /** What may be committed now and is not yet: for each assigned partition the last done offset + 1. */
  toCommit(): Position[] {
    const positions: Position[] = [];
    for (const state of this.#partitions.values()) {
      const offset = prefixEnd(state);
      if (offset !== undefined) positions.push({ topic: state.topic, partition: state.partition, offset });
    }
    return positions;
  }

  /** These positions were committed. Those of partitions that were lost meanwhile are ignored. */
  committed(positions: readonly Position[]): void {
    for (const position of positions) {
      const state = this.#partitions.get(keyOf(position));
      if (state?.assigned !== true) continue;
      state.committed = Math.max(state.committed ?? 0, position.offset);
    }
  }

  #stateOf({ topic, partition }: TopicPartition): PartitionState {
    const key = keyOf({ topic, partition });
    const known = this.#partitions.get(key);
    if (known !== undefined) return known;
    const state: PartitionState = {
      topic,
      partition,
      outstanding: new Map(),
      assigned: false,
      first: undefined,
      last: undefined,
      committed: undefined,
    };
    this.#partitions.set(key, state);
    return state;
  }
}

/** The one place where a position to commit is made: the first offset in work, else the last delivered + 1. */
function prefixEnd(state: PartitionState): number | undefined {
  if (!state.assigned || state.first === undefined || state.last === undefined) return undefined;
  let end = state.last + 1;
  for (const offset of state.outstanding.keys()) end = Math.min(end, offset);
  // Never back, and nothing that the assignment did not deliver.
  return end > Math.max(state.first, state.committed ?? 0) ? end : undefined;
}

export function keyOf({ topic, partition }: TopicPartition): string {
  return `${topic}[${partition}]`;
}
