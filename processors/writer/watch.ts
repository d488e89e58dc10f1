import type { PartitionOffsets } from '../../common/kafka/partition-offsets.js';
import { createProgressWatch, type ProgressWatchOptions } from '../../common/kafka/progress-watch.js';
import type { Component } from '../../common/runtime/component.js';
import type { WriterMetrics } from './metrics.js';

export interface WatchParts extends Omit<ProgressWatchOptions, 'onOffsets' | 'holdsMessagesOf'> {
  readonly metrics: Pick<WriterMetrics, 'lag' | 'stalls' | 'expiredMessages'>;
  readonly waitsForStore: () => boolean;
}

/** Looks from outside at whether the consumer moves, and counts messages that expired unread. */
export function createWatch(parts: WatchParts): Component {
  const expired = new ExpiredMessages(parts.metrics);
  return createProgressWatch({
    ...parts,
    onOffsets: (offsets) => {
      for (const at of offsets) expired.see(at);
    },
  });
}

/** Messages that retention removed before the group read them: lost, so counted. */
class ExpiredMessages {
  readonly #metrics: Pick<WriterMetrics, 'expiredMessages'>;
  readonly #counted = new Map<string, number>();

  constructor(metrics: Pick<WriterMetrics, 'expiredMessages'>) {
    this.#metrics = metrics;
  }

  see({ topic, partition, low, committed }: PartitionOffsets): void {
    // A group that has committed nothing yet never had these messages to read.
    if (committed === null) return;
    const key = `${topic}/${partition}`;
    const from = Math.max(committed, this.#counted.get(key) ?? 0);
    if (low <= from) return;
    this.#metrics.expiredMessages.inc({ topic }, low - from);
    this.#counted.set(key, low);
  }
}
