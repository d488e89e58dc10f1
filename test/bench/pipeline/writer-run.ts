import { randomUUID } from 'node:crypto';
import { freePort } from '../../support/ports.js';
import { until } from '../../support/until.js';
import { watchProcessors } from './processor-time.js';
import { askNumber, type Site } from './site.js';
import { untilRows } from './until-rows.js';

const JOIN_LIMIT_MS = 60_000;

/** One reading of the whole topic into empty tables. */
export interface Reading {
  /** The consumer group that has read it. */
  readonly group: string;
  /** From the assignment of the partitions to the last row. */
  readonly seconds: number;
  /** Of who reads, of the store and of the broker, in that time. */
  readonly processor: Readonly<Record<'reader' | 'store' | 'broker', number>>;
}

export interface WriterRun {
  /** Which main is run; the writer's, or one that watches it. */
  readonly main?: string;
  readonly variables?: Record<string, string>;
}

/** Starts a writer with a group of its own and waits until the table has so many rows. */
export async function runWriter(site: Site, points: number, options: WriterRun = {}): Promise<Reading> {
  for (const table of ['samples', 'batches', 'touches']) {
    await site.client.command({ query: `TRUNCATE TABLE bellwether.${table}` });
  }
  const group = randomUUID();
  const writer = site.run(options.main ?? 'processors/writer/main.js', `writer-${group}`, {
    BELLWETHER_WRITER_PORT: String(await freePort()),
    BELLWETHER_WRITER_GROUP: group,
    ...options.variables,
  });
  try {
    await until('the writer joined', () => writer.output().includes('joined the group'), JOIN_LIMIT_MS);
    const begun = performance.now();
    const used = watchProcessors({
      reader: writer.child.pid ?? 0,
      store: site.store.child.pid ?? 0,
      broker: site.broker.pid,
    });
    await untilRows(() => askNumber(site.client, 'SELECT count() AS n FROM bellwether.samples'), points);
    return { group, seconds: (performance.now() - begun) / 1_000, processor: used() };
  } finally {
    await writer.end('SIGTERM');
  }
}
