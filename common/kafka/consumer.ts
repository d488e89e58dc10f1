import type { Consumer as KafkaJsConsumer, EachBatchPayload, KafkaMessage } from 'kafkajs';
import { setImmediate as nextTurn, setTimeout as delay } from 'node:timers/promises';
import type { Component } from '../runtime/component.js';
import { BellwetherError, messageOf } from '../runtime/errors.js';
import { createKafka, DEFAULT_RETRY, type KafkaOptions } from './client.js';
import { OffsetTracker, type Position, type TopicPartition } from './offset-tracker.js';

export interface ReceivedMessage extends TopicPartition {
  readonly offset: number;
  /** Record timestamp, Unix milliseconds. */
  readonly timestampMs: number;
  readonly key: Uint8Array | null;
  readonly value: Uint8Array | null;
  readonly headers: Readonly<Record<string, Uint8Array>>;
}

export interface GroupConsumerOptions extends KafkaOptions {
  readonly groupId: string;
  readonly topics: readonly string[];
  /**
   * Takes a message in. It must not throw. While it waits (no room), heartbeats go on and nothing is fetched:
   * that is the backpressure. Undefined when there is room; `signal` aborts when the wait has become pointless.
   */
  readonly roomFor: (signal: AbortSignal) => Promise<void> | undefined;
  readonly onMessage: (message: ReceivedMessage) => void;
  /** Called once when the consumer cannot be brought back; the process should end. */
  readonly onFatal: (error: BellwetherError) => void;
  /** Counters of what happened. */
  readonly onEvent?: (event: ConsumerEvent) => void;
}

export type ConsumerEvent = 'rebalance' | 'crash' | 'restart' | 'commit_failure';

export interface GroupConsumer extends Component {
  /** Messages in work and positions; `done` is called here when a message is stored. */
  readonly offsets: OffsetTracker;
  /** What the group has given this member; empty while it is not in the group. */
  assignment(): readonly TopicPartition[];
  /** True while this member is in the group, with or without partitions. */
  joined(): boolean;
  /** Commits the contiguous prefix of each partition. False when that failed; it is tried again next time. */
  commit(): Promise<boolean>;
  /** Takes no more messages; those in work can still be done and committed. */
  quiesce(): void;
  /** Leaves the group and joins anew with a new client. */
  restart(why: string): Promise<void>;
}

/**
 * A member is given up after this, and a killed process's partitions stand still for so long; then come a
 * heartbeat, until the others learn of it, and what has piled up: 7.1 s in all under 20,000 points/s. With 6 s
 * it was 12.5 s on a busy machine. Two writers under that load on two cores with 21 runnable threads lost no
 * membership in a minute; what a lost one costs is a replay.
 */
const SESSION_TIMEOUT_MS = 5_000;
const HEARTBEAT_INTERVAL_MS = 1_000;
const REBALANCE_TIMEOUT_MS = 15_000;
/** Longest that a fetch waits for data; a message that arrives ends the wait. */
const FETCH_WAIT_MS = 500;
const MIB = 1024 * 1024;
/**
 * Compressed bytes that one fetch may bring, in all and of one partition. KafkaJS unpacks all of them in one
 * go (OTLP shrinks 5 to 20 times), and takes partitions in turn. A larger message still comes, alone.
 */
const FETCH_BYTES = 2 * MIB;
const FETCH_PARTITION_BYTES = MIB / 2;
const RESTART_LIMIT = 20;
const RESTART_PAUSE_MS = 500;
const RESTART_PAUSE_MAX_MS = 10_000;
/** So long messages are taken in without letting anything else run: answers of the store, heartbeats, metrics. */
const BUSY_LIMIT_MS = 20;
/** KafkaJS waits for its handler when it stops; if that never ends, the client is left behind. */
const DISPOSE_LIMIT_MS = 5_000;

/**
 * One member of a consumer group over several topics, at-least-once: nothing is committed but what
 * `offsets` says. New groups begin at the beginning. KafkaJS's known bugs are dealt with here.
 */
export function createGroupConsumer(options: GroupConsumerOptions): GroupConsumer {
  return new KafkaJsGroupConsumer(options);
}

class KafkaJsGroupConsumer implements GroupConsumer {
  readonly offsets = new OffsetTracker();
  readonly #options: GroupConsumerOptions;
  #consumer: KafkaJsConsumer | undefined;
  #assignment: readonly TopicPartition[] = [];
  #joined = false;
  /** Aborted and made anew whenever what is being handled has become pointless. */
  #turn = new AbortController();
  /** KafkaJS may go on delivering after stop() (its issue 1593), so the handler looks here first. */
  #stopping = false;
  #restarting: Promise<void> | undefined;
  /** Set while run() has not ended: KafkaJS reports a failed join as a crash, not as a rejection. */
  #joining: { error: Error | undefined } | undefined;

  constructor(options: GroupConsumerOptions) {
    this.#options = options;
  }

  assignment(): readonly TopicPartition[] {
    return this.#assignment;
  }

  joined(): boolean {
    return this.#joined;
  }

  async start(): Promise<void> {
    try {
      await this.#join();
    } catch (error) {
      throw this.#unavailable(error);
    }
  }

  quiesce(): void {
    this.#stopping = true;
    this.#turn.abort();
    try {
      // Else KafkaJS would fetch the same messages again and again until it is disconnected.
      this.#consumer?.pause(this.#options.topics.map((topic) => ({ topic })));
    } catch (error) {
      // "Consumer group was not initialized": it is still connecting or joining, at the start or anew. Nothing
      // is lost without the pause: `#stopping` takes in no message. Thrown on, it would keep the caller from
      // storing and committing what is in work.
      this.#options.log.debug({ error: messageOf(error) }, 'not paused: not in the group yet');
    }
  }

  async stop(): Promise<void> {
    this.quiesce();
    await this.#restarting;
    await this.#dispose();
  }

  restart(why: string): Promise<void> {
    this.#restarting ??= this.#rejoin(why).finally(() => (this.#restarting = undefined));
    return this.#restarting;
  }

  async commit(): Promise<boolean> {
    const positions = this.offsets.toCommit();
    const consumer = this.#consumer;
    if (positions.length === 0) return true;
    if (consumer === undefined) return false;
    try {
      await consumer.commitOffsets(positions.map(asCommit));
      this.offsets.committed(positions);
      return true;
    } catch (error) {
      // A rebalance, most often: the new owner replays from the last commit, and rows have identities.
      this.#options.onEvent?.('commit_failure');
      this.#options.log.warn({ error: messageOf(error), positions }, 'offsets were not committed');
      return false;
    }
  }

  async #join(): Promise<void> {
    const { groupId, topics } = this.#options;
    const kafka = createKafka(this.#options);
    const consumer = kafka.consumer({
      groupId,
      sessionTimeout: SESSION_TIMEOUT_MS,
      heartbeatInterval: HEARTBEAT_INTERVAL_MS,
      rebalanceTimeout: REBALANCE_TIMEOUT_MS,
      maxWaitTimeInMs: FETCH_WAIT_MS,
      maxBytesPerPartition: FETCH_PARTITION_BYTES,
      maxBytes: FETCH_BYTES,
      allowAutoTopicCreation: false,
      // A crash is seen by the CRASH listener below, which makes a new client.
      retry: { ...DEFAULT_RETRY, restartOnFailure: () => Promise.resolve(false) },
    });
    this.#consumer = consumer;
    this.#listen(consumer);
    const joining = (this.#joining = { error: undefined });
    try {
      await consumer.connect();
      await consumer.subscribe({ topics: [...topics], fromBeginning: true });
      await consumer.run({
        autoCommit: false,
        eachBatchAutoResolve: false,
        partitionsConsumedConcurrently: 1,
        eachBatch: (payload) => this.#handle(payload, consumer),
      });
    } finally {
      this.#joining = undefined;
    }
    throwIfSet(joining);
  }

  #listen(consumer: KafkaJsConsumer): void {
    const { log, onEvent } = this.#options;
    consumer.on(consumer.events.GROUP_JOIN, ({ payload }) => {
      if (consumer !== this.#consumer) return;
      this.#newTurn();
      this.#joined = true;
      this.#assignment = Object.entries(payload.memberAssignment).flatMap(([topic, partitions]) =>
        partitions.map((partition) => ({ topic, partition })),
      );
      this.offsets.assign(this.#assignment);
      log.info({ assignment: payload.memberAssignment }, 'joined the group');
    });
    consumer.on(consumer.events.REBALANCING, () => {
      if (consumer !== this.#consumer) return;
      onEvent?.('rebalance');
      this.#newTurn();
    });
    consumer.on(consumer.events.CRASH, ({ payload }) => {
      if (consumer !== this.#consumer || this.#stopping) return;
      this.#joined = false;
      onEvent?.('crash');
      if (this.#joining !== undefined) this.#joining.error = payload.error;
      else void this.restart(`crash: ${payload.error.message}`);
    });
  }

  /** Whoever waits for room on behalf of the old turn gives up; their messages will be delivered again. */
  #newTurn(): void {
    this.#turn.abort();
    this.#turn = new AbortController();
  }

  async #handle(payload: EachBatchPayload, consumer: KafkaJsConsumer): Promise<void> {
    const { batch } = payload;
    const { signal } = this.#turn;
    const isPointless = () => this.#stopping || signal.aborted || consumer !== this.#consumer;
    let busySince = performance.now();
    for (const message of batch.messages) {
      if (performance.now() - busySince > BUSY_LIMIT_MS) {
        await nextTurn();
        busySince = performance.now();
      }
      // Throws when the group rebalances: KafkaJS then joins anew instead of going on to be ejected (1720).
      await payload.heartbeat();
      await this.#waitForRoom(payload, signal);
      if (isPointless()) return;
      const received = asReceived(batch.topic, batch.partition, message);
      this.offsets.delivered(received, received.offset);
      this.#options.onMessage(received);
      payload.resolveOffset(message.offset);
    }
  }

  async #waitForRoom(payload: EachBatchPayload, signal: AbortSignal): Promise<void> {
    for (;;) {
      if (this.#stopping || signal.aborted) return;
      const wait = this.#options.roomFor(signal);
      if (wait === undefined) return;
      await Promise.race([wait, delay(HEARTBEAT_INTERVAL_MS / 2)]);
      await payload.heartbeat();
    }
  }

  async #rejoin(why: string): Promise<void> {
    const { log, onEvent, onFatal } = this.#options;
    log.warn({ why }, 'leaving the group to join it anew');
    let pause = RESTART_PAUSE_MS;
    for (let attempt = 1; attempt <= RESTART_LIMIT; attempt += 1) {
      if (this.#stopping) return;
      onEvent?.('restart');
      await this.#dispose();
      try {
        await this.#join();
        return;
      } catch (error) {
        log.warn({ error: messageOf(error), attempt }, 'could not join the group');
      }
      await delay(pause);
      pause = Math.min(pause * 2, RESTART_PAUSE_MAX_MS);
    }
    onFatal(
      new BellwetherError(
        'kafka_unavailable',
        `the consumer did not come back after ${RESTART_LIMIT} tries: ${why}`,
      ),
    );
  }

  async #dispose(): Promise<void> {
    const consumer = this.#consumer;
    if (consumer === undefined) return;
    this.#consumer = undefined;
    this.#joined = false;
    this.#newTurn();
    this.#assignment = [];
    this.offsets.assign([]);
    const limit = new AbortController();
    await Promise.race([
      consumer.disconnect().catch((error: unknown) => {
        this.#options.log.warn({ error: messageOf(error) }, 'the consumer did not disconnect in order');
      }),
      delay(DISPOSE_LIMIT_MS, undefined, { signal: limit.signal }).catch(() => undefined),
    ]);
    limit.abort();
  }

  #unavailable(error: unknown): BellwetherError {
    const { brokers, groupId, topics } = this.#options;
    return new BellwetherError(
      'kafka_unavailable',
      `group ${groupId} could not read ${topics.join(', ')} at ${brokers.join(',')}: ${messageOf(error)}`,
      { cause: error },
    );
  }
}

function throwIfSet(outcome: { readonly error: Error | undefined }): void {
  if (outcome.error !== undefined) throw outcome.error;
}

function asCommit({ topic, partition, offset }: Position): {
  topic: string;
  partition: number;
  offset: string;
} {
  return { topic, partition, offset: String(offset) };
}

/** A message of KafkaJS as ours. */
export function asReceived(topic: string, partition: number, message: KafkaMessage): ReceivedMessage {
  const headers: Record<string, Uint8Array> = {};
  for (const [name, value] of Object.entries(message.headers ?? {})) {
    // A header that stands there several times: the last one counts.
    const last = Array.isArray(value) ? value.at(-1) : value;
    if (last !== undefined) headers[name] = typeof last === 'string' ? Buffer.from(last) : last;
  }
  return {
    topic,
    partition,
    offset: Number(message.offset),
    timestampMs: Number(message.timestamp),
    key: message.key,
    value: message.value,
    headers,
  };
}
