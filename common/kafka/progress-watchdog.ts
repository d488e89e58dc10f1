import { keyOf, type TopicPartition } from './offset-tracker.js';
import type { PartitionOffsets } from './partition-offsets.js';

export interface WatchdogOptions {
  /** A member with unread messages none of whose commits moves for so long is stalled. */
  readonly stallMs: number;
}

export type Verdict =
  | { readonly kind: 'moving' }
  /** Restart the consumer. */
  | { readonly kind: 'stalled'; readonly partitions: readonly string[] }
  /** It was restarted and still does not move: end the process. */
  | { readonly kind: 'hopeless'; readonly partitions: readonly string[] };

interface Seen {
  readonly committed: number;
  readonly sinceMs: number;
}

/**
 * One partition may wait this much longer than the member as a whole: the client takes partitions in turn,
 * and a turn of well-compressed messages can last (measured: 250,000 points in one turn after an outage).
 */
const TURN_FACTOR = 10;

/**
 * Sees a consumer whose log holds messages while its commits stand still: each Kafka client has stalled so
 * after some rebalance, without an error. A pure function of what it is shown.
 */
export class ProgressWatchdog {
  readonly #stallMs: number;
  readonly #seen = new Map<string, Seen>();
  /** Partitions for whose sake the consumer was restarted and that have not moved since. */
  readonly #restartedFor = new Set<string>();
  #movedAtMs = Number.NEGATIVE_INFINITY;

  constructor(options: WatchdogOptions) {
    this.#stallMs = options.stallMs;
  }

  /**
   * @param nowMs any clock that does not go back
   * @param owned partitions of this member; when it has none, all are looked at: nobody may have them
   * @param excused true while the store cannot take rows: the consumer waits rightly
   */
  observe(
    nowMs: number,
    offsets: readonly PartitionOffsets[],
    owned: readonly TopicPartition[],
    excused: boolean,
  ): Verdict {
    const mine = new Set(owned.map(keyOf));
    const relevant = offsets.filter((partition) => mine.size === 0 || mine.has(keyOf(partition)));
    const waiting = relevant.filter((partition) => this.#waits(nowMs, partition, excused));
    const limitMs = nowMs - this.#movedAtMs >= this.#stallMs ? this.#stallMs : this.#stallMs * TURN_FACTOR;
    const stalled = waiting
      .map(keyOf)
      .filter((key) => nowMs - (this.#seen.get(key)?.sinceMs ?? nowMs) >= limitMs);
    return stalled.length === 0 ? { kind: 'moving' } : this.#judge(stalled);
  }

  /** True when there are messages to read and the commit is where it was; keeps since when. */
  #waits(nowMs: number, partition: PartitionOffsets, excused: boolean): boolean {
    const key = keyOf(partition);
    // What retention removed can no longer be read: the next message is the oldest one that is left.
    const committed = Math.max(partition.committed ?? 0, partition.low);
    const seen = this.#seen.get(key);
    const moved = seen !== undefined && committed > seen.committed;
    const caughtUp = committed >= partition.high;
    if (moved) this.#movedAtMs = nowMs;
    if (moved || caughtUp) this.#restartedFor.delete(key);
    if (seen !== undefined && !excused && !caughtUp && committed === seen.committed) return true;
    this.#seen.set(key, { committed, sinceMs: nowMs });
    return false;
  }

  #judge(stalled: readonly string[]): Verdict {
    this.#seen.clear();
    if (stalled.some((key) => this.#restartedFor.has(key))) return { kind: 'hopeless', partitions: stalled };
    for (const key of stalled) this.#restartedFor.add(key);
    return { kind: 'stalled', partitions: stalled };
  }
}
