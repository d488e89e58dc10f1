import type { ReceivedMessage } from '../../../common/kafka/consumer.js';
import { keyOf, type TopicPartition } from '../../../common/kafka/offset-tracker.js';
import type { OutgoingMessage } from '../../../common/kafka/producer.js';
import type { Remote } from './network.js';
import type { Simulation } from './simulation.js';

/** Is told of each record, in the order of the log. */
export type LogWatcher = (record: ReceivedMessage) => void;

/** Topics of partitions of records; what is appended stays. */
export class SimLog implements Remote {
  readonly up = true;
  readonly run = 0;
  readonly #sim: Simulation;
  readonly #partitions = new Map<string, ReceivedMessage[]>();
  readonly #topics: ReadonlyMap<string, number>;
  readonly #watchers: LogWatcher[] = [];

  constructor(sim: Simulation, topics: ReadonlyMap<string, number>) {
    this.#sim = sim;
    this.#topics = topics;
  }

  watch(watcher: LogWatcher): void {
    this.#watchers.push(watcher);
  }

  partitionsOf(topics: readonly string[]): TopicPartition[] {
    return topics.flatMap((topic) =>
      Array.from({ length: this.#topics.get(topic) ?? 0 }, (_, partition) => ({ topic, partition })),
    );
  }

  append(topic: string, message: OutgoingMessage): void {
    const count = this.#topics.get(topic);
    if (count === undefined) throw new RangeError(`there is no topic ${topic}`);
    const partition = message.key === null ? this.#sim.random.below(count) : hashOf(message.key) % count;
    const records = this.read({ topic, partition });
    const record: ReceivedMessage = {
      topic,
      partition,
      offset: records.length,
      timestampMs: this.#sim.unixMs,
      key: message.key === null ? null : Buffer.from(message.key),
      value: message.value,
      headers: Object.fromEntries(
        Object.entries(message.headers ?? {}).map(([name, value]) => [name, Buffer.from(value)]),
      ),
    };
    records.push(record);
    this.#sim.note(() => `log: ${topic}[${partition}] ${record.offset}`);
    for (const watcher of this.#watchers) watcher(record);
  }

  /** All records of a partition. */
  read(at: TopicPartition): ReceivedMessage[] {
    const key = keyOf(at);
    const records = this.#partitions.get(key) ?? [];
    this.#partitions.set(key, records);
    return records;
  }
}

/** FNV-1a. */
function hashOf(key: string | Uint8Array): number {
  let hash = 0x811c9dc5;
  for (const byte of Buffer.from(key)) hash = Math.imul(hash ^ byte, 0x01000193) >>> 0;
  return hash;
}
