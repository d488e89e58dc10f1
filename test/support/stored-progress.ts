import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import { DATABASE, type ClickHouseClient } from '../../common/clickhouse/connection.js';

/** How long a partition stood still. */
export interface Pause {
  readonly partition: number;
  readonly ms: number;
  /** When it moved again, on the clock of `performance.now`. */
  readonly endMs: number;
}

const LOOK_EVERY_MS = 100;
const row = z.object({ partition: z.coerce.number(), offset: z.coerce.number() });

/**
 * Looks at what the store holds of each partition of signals.v1 while a load runs, and measures how long one
 * stands still: what users see, whichever part is the cause. Exact to one look (100 ms).
 */
export class StoredProgress {
  readonly #client: ClickHouseClient;
  readonly #offsets = new Map<number, { offset: number; sinceMs: number }>();
  readonly #pauses: Pause[] = [];
  #stop = false;
  #loop: Promise<void> | undefined;

  constructor(client: ClickHouseClient) {
    this.#client = client;
  }

  start(): void {
    this.#loop = this.#watch();
  }

  /** Partitions of which something is stored. */
  get partitions(): number {
    return this.#offsets.size;
  }

  /** How many of them have moved at that time or later. */
  movedSince(timeMs: number): number {
    return [...this.#offsets.values()].filter(({ sinceMs }) => sinceMs >= timeMs).length;
  }

  /** Offsets that were stored, all partitions together. */
  get stored(): number {
    return [...this.#offsets.values()].reduce((sum, { offset }) => sum + offset + 1, 0);
  }

  /** The longest one that ended after `sinceMs` or has not ended yet. */
  longest(sinceMs = 0): Pause {
    const now = performance.now();
    const open = [...this.#offsets].map(([partition, { sinceMs: begin }]) => {
      return { partition, ms: now - begin, endMs: now };
    });
    const none: Pause = { partition: -1, ms: 0, endMs: now };
    return [...this.#pauses, ...open]
      .filter(({ endMs }) => endMs >= sinceMs)
      .reduce((longest, pause) => (pause.ms > longest.ms ? pause : longest), none);
  }

  /** Call it while the load still runs: a partition that gets nothing stands still too. */
  async stop(): Promise<void> {
    this.#stop = true;
    await this.#loop;
  }

  async #watch(): Promise<void> {
    while (!this.#stop) {
      // A store that does not answer is a pause like any other.
      await this.#look().catch(() => undefined);
      await sleep(LOOK_EVERY_MS);
    }
  }

  async #look(): Promise<void> {
    const result = await this.#client.query({
      query: `SELECT kafka_partition AS partition, max(kafka_offset) AS offset FROM ${DATABASE}.batches GROUP BY partition`,
      format: 'JSONEachRow',
    });
    const now = performance.now();
    for (const { partition, offset } of z.array(row).parse(await result.json())) {
      const before = this.#offsets.get(partition);
      if (before !== undefined && offset <= before.offset) continue;
      if (before !== undefined) this.#pauses.push({ partition, ms: now - before.sinceMs, endMs: now });
      this.#offsets.set(partition, { offset, sinceMs: now });
    }
  }
}
