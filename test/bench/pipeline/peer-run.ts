import { randomUUID } from 'node:crypto';
import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { SIGNALS_TOPIC } from '../../../schema/topics.js';
import { until } from '../../support/until.js';
import { peerStatements } from './peer-sql.js';
import { watchProcessors } from './processor-time.js';
import type { Site } from './site.js';
import type { Reading } from './writer-run.js';

const LIMIT_MS = 180_000;
/** A store's configuration wants a user; nobody connects to the peer. */
const NOBODY = JSON.stringify([{ name: 'nobody', sha256: '0'.repeat(64), access: 'read' }]);

export interface Peer {
  readonly name: string;
  readonly consumers: number;
  /** Messages of a block, and how long one is waited for: as our writer's 100,000 rows and 500 ms. */
  readonly blockMessages: number;
  readonly flushMs: number;
  /** Settings of the engine's profile. */
  readonly profile: Readonly<Record<string, string>>;
}

/** The same topic into a table of the same columns and keys, by ClickHouse's own Kafka engine. */
export async function runPeer(site: Site, points: number, peer: Peer): Promise<Reading> {
  const name = `peer-${randomUUID()}`;
  const directory = join(site.store.directory, name);
  await mkdir(directory);
  const statements = peerStatements({
    ...peer,
    brokers: site.broker.brokers,
    topic: SIGNALS_TOPIC,
    group: name,
    createSamples: await definitionOfSamples(site),
  });
  const process = site.run('test/bench/pipeline/peer-process.js', name, {
    BELLWETHER_STORE_DIR: directory,
    BELLWETHER_STORE_USERS: NOBODY,
    BENCH_PEER: JSON.stringify({ statements, rows: points, profile: peer.profile }),
  });
  const said = (at: string) => {
    if (process.child.exitCode !== null) throw new Error(`the peer ended:\n${process.output()}`);
    return process.output().includes(`"at":"${at}"`);
  };
  try {
    await until('the peer has partitions', () => said('assigned'), LIMIT_MS);
    const begun = performance.now();
    const used = watchProcessors({ reader: process.child.pid ?? 0, broker: site.broker.pid });
    await until('the peer has all rows', () => said('stored'), LIMIT_MS);
    const seconds = (performance.now() - begun) / 1_000;
    return { group: name, seconds, processor: { ...used(), store: 0 } };
  } finally {
    await process.end('SIGTERM');
    await rm(directory, { recursive: true, force: true });
  }
}

async function definitionOfSamples({ client }: Site): Promise<string> {
  const format = 'TabSeparatedRaw';
  const result = await client.query({ query: 'SHOW CREATE TABLE bellwether.samples', format });
  return (await result.text()).replace('bellwether.samples', 'peer.samples');
}
