import type { ReceivedMessage } from '../../../common/kafka/consumer.js';
import { keyOf, type TopicPartition } from '../../../common/kafka/offset-tracker.js';
import { PROGRESS_TOPIC } from '../../../schema/topics.js';
import { nameOf } from '../../../processors/rollup/buckets.js';
import { CleanBuckets } from './clean-buckets.js';
import type { SimLog } from './log.js';
import type { SimRollups } from './rollups.js';
import type { Row } from './rows.js';
import type { Simulation } from './simulation.js';
import type { SimStore, StoreWatcher } from './store.js';
import { bytesOf, MINUTE_MS, type Sent } from './workload.js';

interface SeenSample {
  readonly key: string;
  readonly value: number;
  /** When the store first took it, as a count of what happened before. */
  readonly since: number;
}

/**
 * Looks at each row, record and commit when it comes about, and at the whole in the end. Knows what was sent from
 * who sent it, never from what the product wrote.
 */
export class Invariants implements StoreWatcher {
  readonly #sim: Simulation;
  readonly #sent: ReadonlyMap<string, Sent>;
  readonly #log: SimLog;
  /** By what a row says, the rows that say it: more than one key is a double. */
  readonly #samples = new Map<string, Map<string, SeenSample>>();
  /** By host and start of the window, what rows say. */
  readonly #places = new Map<string, Set<string>>();
  readonly #contents = new Map<string, string>();
  readonly #events = new Map<string, Set<string>>();
  readonly #batches = new Set<string>();
  readonly #buckets: CleanBuckets;
  readonly #rollups: SimRollups;
  /** `progress.v1[partition] offset` to its minute and the writes that it told of. */
  readonly #told = new Map<string, { readonly minute: number; readonly writes: number }>();
  readonly #announced = new Map<string, number>();
  /** `topic[partition] offset` to the reason. */
  readonly #dead = new Map<string, string>();
  readonly #checkedTo = new Map<string, number>();
  #clock = 0;

  constructor(sim: Simulation, sent: ReadonlyMap<string, Sent>, log: SimLog, rollups: SimRollups) {
    this.#sim = sim;
    this.#sent = sent;
    this.#log = log;
    this.#rollups = rollups;
    this.#buckets = new CleanBuckets(sim, rollups);
    log.watch((record) => this.#appended(record));
  }

  applied(table: string, row: Row): void {
    this.#clock += 1;
    if (table === 'samples') this.#sample(row);
    else if (table === 'events') this.#event(row);
    else if (table === 'batches') this.#batch(row);
    else this.#buckets.touch(Number(row.fields['minute']) * 1_000, this.#clock);
  }

  /** A group is about to have committed up to this offset. */
  committing(at: TopicPartition, offset: number): void {
    const key = keyOf(at);
    const records = this.#log.read(at);
    for (let next = this.#checkedTo.get(key) ?? 0; next < offset; next += 1) {
      const record = records[next];
      if (record === undefined) this.#sim.violate('committed beyond the log', `${key} ${offset}`);
      else this.#isSettled(record);
      this.#checkedTo.set(key, next + 1);
    }
  }

  /** The rollup is about to have committed up to this offset of progress.v1. */
  committingProgress(at: TopicPartition, offset: number): void {
    for (let next = 0; next < offset; next += 1) {
      const where = `${keyOf(at)} ${next}`;
      const told = this.#told.get(where);
      if (told === undefined) continue;
      const sealed = this.#rollups.seals.get(nameOf({ resolution: 'minute', startMs: told.minute })) ?? 0;
      if (sealed >= told.writes) this.#told.delete(where);
      else
        this.#sim.violate(
          'progress committed when sealed',
          `${where} told of ${told.writes} writes, ${sealed} are sealed`,
        );
    }
  }

  /** Whether each bucket that has ended is sealed as of all writes. */
  areRollupsMade(): boolean {
    return this.#buckets.allClean();
  }

  /** When all is quiet: each message that the log took has its rows once, or its dead letter, and nothing else is there. */
  atRest(store: SimStore, records: readonly ReceivedMessage[]): void {
    const stored = new Set<Sent>();
    for (const record of records) {
      this.#isSettled(record);
      const sent = this.#sentOf(record);
      if (sent !== undefined && sent.deadBecause === undefined) stored.add(sent);
    }
    this.#buckets.atRest();
    const expected = { samples: 0, events: 0, batches: 0 };
    for (const sent of stored) {
      expected.samples += sent.samples.length;
      expected.events += sent.events;
      expected.batches += sent.batches;
    }
    for (const table of ['samples', 'events', 'batches'] as const) {
      if (store[table].size === expected[table]) continue;
      this.#sim.violate(
        'each row once',
        `${table} has ${store[table].size} rows, ${expected[table]} were sent`,
      );
    }
  }

  #sample({ key, content, fields }: Row): void {
    const place = `${String(fields['host'])}|${String(fields['time'])}|${String(fields['customer'])}|${String(fields['metric'])}`;
    const value = Number(fields['kind'] === 1 ? fields['value'] : fields['count']);
    const rows = this.#samples.get(place) ?? new Map<string, SeenSample>();
    this.#samples.set(place, rows);
    const window = `${String(fields['host'])}|${String(fields['time'])}`;
    this.#places.set(window, (this.#places.get(window) ?? new Set<string>()).add(place));
    if (!rows.has(key)) rows.set(key, { key, value, since: this.#clock });
    this.#buckets.sample(key, Number(fields['time']), this.#clock);
    this.#sameContent(`samples ${key}`, content);
  }

  #event({ key, content, fields }: Row): void {
    const place = `${String(fields['host'])}|${Math.floor(Number(fields['time']) / 1e9) * 1_000}`;
    const rows = this.#events.get(place) ?? new Set<string>();
    this.#events.set(place, rows.add(key));
    this.#sameContent(`events ${key}`, content);
  }

  /** Identity: whoever writes a row again writes the same. */
  #sameContent(key: string, content: string): void {
    const before = this.#contents.get(key);
    if (before !== undefined && before !== content) this.#sim.violate('a row stays what it is', key);
    this.#contents.set(key, content);
  }

  /** The ledger may not say more than is there. */
  #batch({ fields }: Row): void {
    const host = String(fields['host']);
    const startMs = Number(fields['window_start']);
    this.#batches.add(`${host}|${startMs}`);
    const window = `${host}|${startMs}`;
    const there = this.#places.get(window)?.size ?? 0;
    if (there < Number(fields['stored_points'])) {
      this.#sim.violate(
        'batches never says more than samples',
        `${window} has ${there} rows of ${String(fields['stored_points'])}`,
      );
    }
  }

  #appended(message: ReceivedMessage): void {
    const { topic, headers, value } = message;
    this.#clock += 1;
    if (topic === PROGRESS_TOPIC) {
      const record = JSON.parse(String(value)) as { minute: string; hosts: string[] };
      const minute = Date.parse(record.minute);
      const writes = this.#rollups.touches.get(minute) ?? 0;
      this.#told.set(`${keyOf(message)} ${message.offset}`, { minute, writes });
      for (const host of record.hosts) this.#announced.set(`${host}|${minute}`, this.#clock);
    } else if (topic.endsWith('.dlq')) {
      const header = (name: string) => String(headers[`bellwether.${name}`]);
      const original = { topic: header('original.topic'), partition: Number(header('original.partition')) };
      this.#dead.set(`${keyOf(original)} ${header('original.offset')}`, header('reason'));
    }
  }

  #sentOf({ topic, value }: ReceivedMessage): Sent | undefined {
    return this.#sent.get(bytesOf(topic, value));
  }

  /** Stored and announced, or dead-lettered with the right reason. */
  #isSettled(record: ReceivedMessage): void {
    const sent = this.#sentOf(record);
    const where = `${keyOf(record)} ${record.offset}`;
    if (sent === undefined) throw new Error(`${where} was sent by nobody`);
    const reason = this.#dead.get(where);
    if (sent.deadBecause !== reason) {
      const found = reason === undefined ? 'is not dead-lettered' : `is dead-lettered as ${reason}`;
      this.#sim.violate(
        'dead letters: each poison, nothing else',
        `${where} ${found}, not ${String(sent.deadBecause)}`,
      );
    }
    if (sent.deadBecause === undefined) this.#isStored(sent, where);
  }

  #isStored(sent: Sent, where: string): void {
    const minute = Math.floor(sent.windowStartMs / MINUTE_MS) * MINUTE_MS;
    for (const { place, value } of sent.samples) {
      const rows = [...(this.#samples.get(place)?.values() ?? [])];
      const [row] = rows;
      if (row === undefined) {
        this.#sim.violate('committed only what is stored', `${where}: no row ${place}`);
        return;
      }
      if (rows.length > 1) this.#sim.violate('each row once', `${place} is there ${rows.length} times`);
      if (row.value !== value)
        this.#sim.violate('each row as sent', `${place} is ${row.value}, not ${value}`);
      if (this.#buckets.touchedAt(minute) < row.since) {
        this.#sim.violate(
          'touches after the rows',
          `${where}: ${place} came after the last touch of its minute`,
        );
      }
      if ((this.#announced.get(`${sent.host}|${minute}`) ?? 0) < row.since) {
        this.#sim.violate(
          'progress after the rows',
          `${where}: ${place} came after the last record about its minute`,
        );
      }
    }
    if ((this.#events.get(`${sent.host}|${sent.windowStartMs}`)?.size ?? 0) < sent.events) {
      this.#sim.violate('committed only what is stored', `${where}: not all events`);
    }
    if (sent.batches > 0 && !this.#batches.has(`${sent.host}|${sent.windowStartMs}`)) {
      this.#sim.violate('committed only what is stored', `${where}: no row in batches`);
    }
  }
}
