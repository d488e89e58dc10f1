import { randomInt, randomUUID } from 'node:crypto';
import { statSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { connectClickHouse, type ClickHouseClient } from '../../common/clickhouse/connection.js';
import { SIGNALS_TOPIC } from '../../schema/topics.js';
import { REPLICATION_FACTOR, startCluster, type Cluster, type NodeId } from '../support/cluster.js';
import { judgeFleet, verdictText } from '../support/fleet/judge.js';
import { fleetPlan } from '../support/fleet/plan.js';
import { startSender } from '../support/fleet/start-sender.js';
import { startPart, untilReady, type Part } from '../support/part.js';
import { freePort } from '../support/ports.js';
import { startStore } from '../support/store.js';
import { StoredProgress } from '../support/stored-progress.js';
import { until } from '../support/until.js';
import type { ProductPromise, PromiseContext, PromiseResult } from './promise.js';

const POINTS_PER_SECOND = { short: 10_000, full: 20_000 } as const;
/** How often a broker is killed: in the full form each of the three, and one of them while it leads again. */
const KILLS = { short: 1, full: 4 } as const;
const HOSTS = 28;
const HOUR_MS = 3_600_000;
const HOURS_BACK = 8;
const PARTITIONS = 3;
const WATCH_EVERY_MS = 50;
const LIMIT_MS = 60_000;

/** A broker of three dies under load: nothing that was acknowledged is lost, and nothing is double. */
const promise: ProductPromise = {
  name: 'broker-loss',
  plannedSeconds: { short: 20, full: 150 },
  needs: 'nothing',
  async run(context) {
    const directory = await mkdtemp(join(tmpdir(), 'bellwether-cluster-'));
    const parts: Part[] = [];
    const cluster = await startCluster(directory);
    const store = await startStore();
    const client = connectClickHouse({ url: store.url('admin'), application: 'test' });
    const run = (main: string, name: string, variables: Record<string, string> = {}) => {
      const part = startPart(main, join(directory, `${name}.log`), {
        CLICKHOUSE_URL: store.url('admin'),
        KAFKA_BROKERS: cluster.brokers.join(','),
        ...variables,
      });
      parts.push(part);
      return part;
    };
    try {
      const schema = run('schema/main.js', 'schema', {
        KAFKA_REPLICATION_FACTOR: String(REPLICATION_FACTOR),
      });
      if ((await schema.exited) !== 0) throw new Error(schema.output());
      const port = await freePort();
      const writer = run('processors/writer/main.js', 'writer', { BELLWETHER_WRITER_PORT: String(port) });
      await untilReady(writer, `http://127.0.0.1:${String(port)}/readyz`);
      return await loseBrokers({ cluster, client, directory }, context);
    } finally {
      await Promise.all(parts.map((part) => part.end('SIGTERM')));
      await client.close();
      await Promise.all([cluster.stop(), store.stop()]);
      await rm(directory, { recursive: true, force: true });
    }
  },
};

interface Place {
  readonly cluster: Cluster;
  readonly client: ClickHouseClient;
  readonly directory: string;
}

async function loseBrokers(
  { cluster, client, directory }: Place,
  { mode, log }: PromiseContext,
): Promise<PromiseResult> {
  const startMs = Math.floor(Date.now() / HOUR_MS - HOURS_BACK) * HOUR_MS;
  const plan = fleetPlan.parse({ seed: randomInt(2 ** 31), hosts: HOSTS, startMs });
  const acknowledgedFile = join(directory, 'acknowledged.txt');
  const sender = startSender({
    brokers: [...cluster.brokers],
    plan,
    run: randomUUID(),
    to: (HOSTS * HOURS_BACK * HOUR_MS) / plan.windowMs,
    pace: { kind: 'rate', pointsPerSecond: POINTS_PER_SECOND[mode] },
    acknowledgedFile,
  });
  const progress = new StoredProgress(client);
  const acknowledged = new Growth(acknowledgedFile);
  progress.start();
  acknowledged.start();
  const killed: NodeId[] = [];
  let longest = { ackMs: 0, storedMs: 0 };
  try {
    await until('all partitions are stored', () => progress.partitions === PARTITIONS, LIMIT_MS);
    while (killed.length < KILLS[mode]) {
      const leader = await cluster.leaderOf(SIGNALS_TOPIC, killed.length % PARTITIONS);
      if (leader === undefined) throw new Error('a partition has no leader before any broker was killed');
      acknowledged.reset();
      const at = performance.now();
      await cluster.kill(leader);
      killed.push(leader);
      await sleep(2_000);
      const hasMoved = () => progress.movedSince(performance.now() - 1_000) === PARTITIONS;
      await until('each partition moves without the broker', hasMoved, LIMIT_MS);
      const now = { ackMs: acknowledged.longestMs, storedMs: progress.longest(at).ms };
      log(`broker ${String(leader)} killed: ${pausesText(now)}`);
      longest = {
        ackMs: Math.max(longest.ackMs, now.ackMs),
        storedMs: Math.max(longest.storedMs, now.storedMs),
      };
      if (killed.length === KILLS[mode]) break;
      await cluster.start(leader);
      await cluster.untilInSync(LIMIT_MS);
    }
  } finally {
    await progress.stop();
    acknowledged.stop();
    await sender.end('SIGTERM');
  }
  const verdict = await judgeFleet({ brokers: cluster.brokers, client }, plan, acknowledgedFile, log);
  return {
    holds: verdict.equal && killed.length === KILLS[mode],
    figure: `${String(killed.length)} brokers of ${String(REPLICATION_FACTOR)} killed at ${String(POINTS_PER_SECOND[mode])} points/s: ${pausesText(longest)}; ${verdictText(verdict)}`,
  };
}

function pausesText({ ackMs, storedMs }: { readonly ackMs: number; readonly storedMs: number }): string {
  const seconds = (ms: number) => (ms / 1_000).toFixed(1);
  return `no acknowledgement for ${seconds(ackMs)} s, a partition not stored for ${seconds(storedMs)} s`;
}

/** How long a file does not grow. */
class Growth {
  readonly #file: string;
  #size = -1;
  #sinceMs = performance.now();
  #longestMs = 0;
  #timer: NodeJS.Timeout | undefined;

  constructor(file: string) {
    this.#file = file;
  }

  get longestMs(): number {
    return Math.max(this.#longestMs, performance.now() - this.#sinceMs);
  }

  start(): void {
    this.#timer = setInterval(() => {
      const size = statSync(this.#file, { throwIfNoEntry: false })?.size ?? 0;
      if (size === this.#size) return;
      this.#longestMs = this.longestMs;
      this.#sinceMs = performance.now();
      this.#size = size;
    }, WATCH_EVERY_MS);
  }

  reset(): void {
    this.#longestMs = 0;
  }

  stop(): void {
    clearInterval(this.#timer);
  }
}

export default promise;
