import { execFile } from 'node:child_process';
import { createHash, randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { z } from 'zod';
import { DATABASE } from '../../../common/clickhouse/connection.js';
import { DEAD_LETTER, REPLAYED } from '../../../common/kafka/dead-letter-headers.js';
import { createProducer, type Producer } from '../../../common/kafka/producer.js';
import { logRanges, readRanges } from '../../../common/kafka/topic-reader.js';
import type { SignalBatch } from '../../../common/wire/batch.js';
import { encodeEventBatch, encodeSignalBatch } from '../../../common/wire/otlp.js';
import { deadLetterTopic, EVENTS_TOPIC, SIGNALS_TOPIC } from '../../../schema/topics.js';
import { eventBatch, signalBatch, WINDOW_MS } from '../../processors/writer/batches.js';
import { startPipeline, type Pipeline } from '../../processors/writer/pipeline.js';
import { untilWritten } from '../chaos/quiet.js';
import { compare, type Comparison } from '../fleet/compare.js';
import { createNumbers, type Numbers } from '../fleet/numbers.js';
import { batchesOracle } from '../fleet/oracle.js';
import { untilReady, type Part } from '../part.js';
import { CODE } from '../paths.js';
import { freePort } from '../ports.js';
import { eventPoisons, signalPoisons, type Poison } from './poisons.js';

/** What is stored of the sound messages. */
export interface Neighbours {
  readonly samples: Comparison;
  /** Events that were sent. */
  readonly events: number;
  readonly eventsMissing: number;
  readonly eventsDouble: number;
}

export interface PoisonOutcome {
  readonly poisons: number;
  /** Those of which there is one dead letter with the right reason, place and bytes. */
  readonly kept: number;
  readonly neighbours: Neighbours;
  /** Ends, crashes and restarts of the consumer while they were read. */
  readonly consumerStops: number;
  /** Letters that the fix was for. */
  readonly fixed: number;
  readonly afterReplay: Neighbours;
  readonly afterSecondReplay: Neighbours;
}

const MIB = 1024 * 1024;
const HOUR_MS = 3_600_000;
const HOSTS = [1, 2, 3];
const LIMIT_MS = 60_000;
/** The writer that reads the poisons keeps raw rows for an hour only; the one after the fix for two days. */
const SHORT_RETENTION = { BELLWETHER_RAW_RETENTION_HOURS: '1' };
/** Windows of three hours ago, which the first writer finds too old and the second does not. */
const LATE_MS = 3 * HOUR_MS;
const LATE_HOST = 50;
const LATE_WINDOWS = 4;

/** Sends poisons between sound messages of several hosts, and says what became of all of them. */
export async function runPoison(
  rounds: number,
  seed: number,
  say: (line: string) => void,
): Promise<PoisonOutcome> {
  const pipeline = await startPipeline();
  const producer = createProducer({
    brokers: pipeline.broker.brokers,
    clientId: 'test',
    log: pipeline.log,
    maxMessageBytes: 8 * MIB,
  });
  try {
    const schema = pipeline.run('schema/main.js', 'schema');
    if ((await schema.exited) !== 0) throw new Error(schema.output());
    return await new PoisonRun(pipeline, producer, createNumbers(seed), say).run(rounds);
  } finally {
    await producer.stop();
    await pipeline.stop();
  }
}

class PoisonRun {
  readonly #sound: SignalBatch[] = [];
  readonly #late: SignalBatch[] = [];
  readonly #poisons = new Map<string, Poison>();
  readonly #run = randomUUID();
  readonly #now = Math.floor(Date.now() / WINDOW_MS) * WINDOW_MS;
  #window = 0;
  #events = 0;

  constructor(
    readonly pipeline: Pipeline,
    readonly producer: Producer,
    readonly numbers: Numbers,
    readonly say: (line: string) => void,
  ) {}

  async run(rounds: number): Promise<PoisonOutcome> {
    const port = await freePort();
    const first = await this.#startWriter('writer-1', port, SHORT_RETENTION);
    for (let round = 0; round < rounds; round += 1) await this.#sendRound();
    await this.#sendLate();
    await untilWritten(this.pipeline.broker.brokers, LIMIT_MS);
    const neighbours = await this.#compare(this.#sound);
    const kept = await this.#countKept();
    const consumerStops = await stopsOf(first, port);
    this.say(`${String(kept)} of ${String(this.#poisons.size)} poisons kept`);
    if ((await first.end('SIGTERM')) !== 0) throw new Error('the writer did not end in order');
    // The fix.
    await this.#startWriter('writer-2', port, {});
    this.say(await this.#replay());
    const all = [...this.#sound, ...this.#late];
    const afterReplay = await this.#compare(all);
    this.say(await this.#replay('--again'));
    const afterSecondReplay = await this.#compare(all);
    const fixed = this.#late.length;
    const poisons = this.#poisons.size;
    return { poisons, kept, neighbours, consumerStops, fixed, afterReplay, afterSecondReplay };
  }

  async #startWriter(name: string, port: number, variables: Record<string, string>): Promise<Part> {
    const writer = this.pipeline.run('processors/writer/main.js', name, {
      BELLWETHER_WRITER_PORT: String(port),
      BELLWETHER_WRITER_FLUSH_MS: '200',
      ...variables,
    });
    await untilReady(writer, `http://127.0.0.1:${String(port)}/readyz`);
    return writer;
  }

  /** Each poison on the partition of a host, with a sound message of it before and after. */
  async #sendRound(): Promise<void> {
    for (const [topic, poisons] of [
      [SIGNALS_TOPIC, signalPoisons(this.#now, this.numbers)],
      [EVENTS_TOPIC, eventPoisons(this.#now, this.numbers)],
    ] as const) {
      for (const poison of poisons) {
        await this.#sendSound();
        const name = `${poison.name} ${String(this.#poisons.size)}`;
        this.#poisons.set(name, poison);
        const key = `host-${String(this.numbers.pick(HOSTS))}`;
        await this.producer.send(topic, [{ key, value: poison.value, headers: { poison: name } }]);
      }
    }
    await this.#sendSound();
  }

  async #sendSound(): Promise<void> {
    const window = this.#window++;
    // Back in time from now, within the hour that the first writer takes.
    const startMs = this.#now - (window % 600) * WINDOW_MS;
    const batches = HOSTS.map((host) => signalBatch(host, window, startMs, this.#run));
    this.#sound.push(...batches);
    await this.producer.send(SIGNALS_TOPIC, batches.map(messageOf));
    const events = HOSTS.map((host) => eventBatch(host, window, startMs, this.#run));
    this.#events += events.reduce((sum, batch) => sum + batch.events.length, 0);
    await this.producer.send(
      EVENTS_TOPIC,
      events.map((batch) => ({ key: batch.host.id, value: encodeEventBatch(batch) })),
    );
  }

  async #sendLate(): Promise<void> {
    for (let window = 0; window < LATE_WINDOWS; window += 1) {
      const startMs = this.#now - LATE_MS + window * WINDOW_MS;
      this.#late.push(signalBatch(LATE_HOST, window, startMs, this.#run));
    }
    await this.producer.send(SIGNALS_TOPIC, this.#late.map(messageOf));
  }

  /** Replays what was too old, poisons from 1970 among it, by the command that people use. */
  async #replay(...more: string[]): Promise<string> {
    const { brokers } = this.pipeline.broker;
    const parameters = ['replay', '--topic', SIGNALS_TOPIC, '--reason', 'too_old', '--yes', ...more];
    const { stdout } = await promisify(execFile)(
      process.execPath,
      [join(CODE, 'cli/main.js'), 'dead-letters', ...parameters],
      { env: { ...process.env, KAFKA_BROKERS: brokers.join(',') } },
    );
    if (!/^[1-9]\d* replayed$/m.test(stdout)) throw new Error(`nothing was replayed: ${stdout}`);
    await untilWritten(brokers, LIMIT_MS);
    return `replay: ${stdout.trimEnd().split('\n').join('; ')}`;
  }

  async #compare(batches: readonly SignalBatch[]): Promise<Neighbours> {
    const { client } = this.pipeline;
    const samples = await compare(client, batchesOracle('host-', batches, WINDOW_MS), 'samples');
    for (const example of samples.examples) this.say(example);
    const result = await client.query({
      query: `SELECT count() AS n, uniqExact(host, source, position) AS different FROM ${DATABASE}.events FINAL`,
      format: 'JSONEachRow',
    });
    const row = z.object({ n: z.coerce.number(), different: z.coerce.number() });
    const [{ n, different } = { n: 0, different: 0 }] = z.array(row).parse(await result.json());
    const events = this.#events;
    return { samples, events, eventsMissing: events - different, eventsDouble: n - different };
  }

  /** Letters of poisons that are as they should be, each counted once. */
  async #countKept(): Promise<number> {
    const kafka = { brokers: this.pipeline.broker.brokers, clientId: 'test', log: this.pipeline.log };
    const seen = new Map<string, number>();
    for (const source of [SIGNALS_TOPIC, EVENTS_TOPIC]) {
      const ranges = await logRanges(kafka, deadLetterTopic(source), { newest: Number.MAX_SAFE_INTEGER });
      await readRanges(kafka, ranges, ({ headers, value }) => {
        const header = (name: string) => Buffer.from(headers[name] ?? []).toString();
        const name = header('poison');
        const poison = this.#poisons.get(name);
        if (poison === undefined) return;
        const asSent =
          hashOf(value) === hashOf(poison.value) &&
          header(DEAD_LETTER.reason) === poison.reason &&
          header(DEAD_LETTER.topic) === source &&
          /^\d+$/.test(header(DEAD_LETTER.offset)) &&
          header(DEAD_LETTER.detail) !== '' &&
          headers[REPLAYED] === undefined;
        if (!asSent) this.say(`${name}: ${header(DEAD_LETTER.reason)}, expected ${poison.reason}`);
        seen.set(name, (seen.get(name) ?? 0) + (asSent ? 1 : 2));
      });
    }
    for (const name of this.#poisons.keys()) if (!seen.has(name)) this.say(`${name}: no dead letter`);
    return [...seen.values()].filter((times) => times === 1).length;
  }
}

function messageOf(batch: SignalBatch) {
  return { key: batch.host.id, value: encodeSignalBatch(batch) };
}

function hashOf(value: Uint8Array | null): string {
  return value === null ? 'null' : createHash('sha256').update(value).digest('hex');
}

/** Whether the process ended, and what it says of its consumer. */
async function stopsOf(writer: Part, port: number): Promise<number> {
  if (writer.child.exitCode !== null || writer.child.signalCode !== null) return Infinity;
  const text = await (await fetch(`http://127.0.0.1:${String(port)}/metrics`)).text();
  const events = text.matchAll(
    /^bellwether_writer_consumer_events_total\{event="(crash|restart)"\} (\d+)$/gm,
  );
  return [...events].reduce((sum, [, , count]) => sum + Number(count), 0);
}
