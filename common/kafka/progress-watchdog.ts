import { keyOf, type TopicPartition } from './offset-tracker.js';
import type { PartitionOffsets } from './partition-offsets.js';

export interface WatchdogOptions {
  /** A partition with unread messages whose commit does not move for so long is stalled. */
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
 * Sees a consumer whose log holds messages while its commits stand still: each Kafka client has stalled so
 * after some rebalance, without an error. A pure function of what it is shown.
 */
export class ProgressWatchdog {
  readonly #stallMs: number;
  readonly #seen = new Map<string, Seen>();
  /** Partitions for whose sake the consumer was restarted and that have not moved since. */
  readonly #restartedFor = new Set<string>();

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
    const stalled: string[] = [];
    for (const partition of offsets) {
      const key = keyOf(partition);
      // What retention removed can no longer be read: the next message is the oldest one that is left.
      const committed = Math.max(partition.committed ?? 0, partition.low);
      const seen = this.#seen.get(key);
      const caughtUp = committed >= partition.high;
      if (caughtUp || (seen !== undefined && committed > seen.committed)) this.#restartedFor.delete(key);
      if (seen === undefined || excused || caughtUp || committed !== seen.committed) {
        this.#seen.set(key, { committed, sinceMs: nowMs });
        continue;
      }
      const isMine = mine.size === 0 || mine.has(key);
      if (isMine && nowMs - seen.sinceMs >= this.#stallMs) stalled.push(key);
    }
    if (stalled.length === 0) return { kind: 'moving' };
    this.#seen.clear();
    if (stalled.some((key) => this.#restartedFor.has(key))) return { kind: 'hopeless', partitions: stalled };
    for (const key of stalled) this.#restartedFor.add(key);
    return { kind: 'stalled', partitions: stalled };
  }
}
