import { RowBinaryWriter } from '../../common/clickhouse/row-binary.js';
import type { ReceivedMessage } from '../../common/kafka/consumer.js';
import { messageOf } from '../../common/runtime/errors.js';
import { decodeEventBatch, decodeSignalBatch } from '../../common/wire/otlp.js';
import type { BatchHead, SignalBatch } from '../../common/wire/batch.js';
import { isAgentMessage, REFUSAL_REASONS } from '../../common/wire/foreign/index.js';
import { SignalWalker } from '../../common/wire/walk/signal-walker.js';
import { EVENTS_TOPIC } from '../../schema/topics.js';
import { prepareForeign, refusalDetail, type ForeignCounts } from './foreign/prepare-foreign.js';
import { ForeignSeriesHasher } from './foreign/series.js';
import type { SeriesHasher } from './identity.js';
import { batchRow } from './rows/batches.js';
import { DROPS } from './rows/drops.js';
import { eventRows } from './rows/events.js';
import type { RowLabel } from './rows/row-label.js';
import type { SampleRows } from './rows/sample-rows.js';
import { sampleRows } from './rows/samples.js';
import type { MessageTable, TableRows } from './rows/table-rows.js';
import { WalkedSamples } from './rows/walked-samples.js';
import { timeProblem, timeWindow } from '../../common/wire/time-window.js';

/** Why a message went to the dead-letter topic; stable words, in its headers and in the metrics. */
export const DEAD_LETTER_REASONS = [
  'empty',
  'unreadable',
  'store_refused',
  // Of a message of others: some of its points are stored, some refused.
  'partly_taken',
  // All of it; of a message of our agents only the times.
  ...REFUSAL_REASONS,
] as const;
export type DeadLetterReason = (typeof DEAD_LETTER_REASONS)[number];

/** A message whose rows are ready. */
export interface Prepared {
  readonly kind: 'prepared';
  readonly message: ReceivedMessage;
  /** Rows of `samples`; undefined for events and for points of others. */
  readonly samples?: SampleRows | undefined;
  /** All other rows. */
  readonly tables: Readonly<Partial<Record<MessageTable, TableRows>>>;
  readonly rows: number;
  readonly bytes: number;
  /** Starts of the minutes that its samples lie in, Unix milliseconds. */
  readonly minutes: readonly number[];
  /** `host.id`s of whom they are. */
  readonly hosts: readonly string[];
  /** What the window says, for progress and metrics; undefined for events and for points of others. */
  readonly window: StoredWindow | undefined;
  /** Of a message of others. */
  readonly foreign?: ForeignCounts;
  /** The dead letter about the points that are not among the rows. */
  readonly partly?: Refused;
}

export interface StoredWindow {
  readonly hostId: string;
  readonly startMs: number;
  readonly endMs: number;
  readonly points: number;
  readonly droppedPackets: number;
}

/** A message that can not be stored. */
export interface Refused {
  readonly kind: 'refused';
  readonly message: ReceivedMessage;
  readonly reason: DeadLetterReason;
  /** What was wrong, where, and what would be right. */
  readonly detail: string;
  /** Of a message of others. */
  readonly foreign?: ForeignCounts;
}

export type Item = Prepared | Refused;

/** How messages on signals.v1 were read so far. */
export interface Decoding {
  /** Not walked over: others', or not regular. */
  readonly general: number;
  readonly labelBytes: number;
  readonly forgottenHosts: number;
}

const NANOSECONDS_PER_MS = 1_000_000n;
const MINUTE_MS = 60_000;
/** About 500,000 series: those of 2,500 hosts with 200 each. */
export const LABEL_CACHE_BYTES = 256 * 1024 * 1024;

/** Turns messages into rows. Depends on the message alone, so that a replay makes the same rows. */
export class Preparer {
  readonly #retentionMs: number;
  readonly #hasher: SeriesHasher;
  readonly #foreignHasher = new ForeignSeriesHasher();
  readonly #writer = new RowBinaryWriter();
  readonly #walker: SignalWalker<RowLabel>;
  readonly #walked = new WalkedSamples();
  #general = 0;

  /** @param labelCacheBytes what may be remembered of series, so that their labels are read once */
  constructor(retentionMs: number, hasher: SeriesHasher, labelCacheBytes = LABEL_CACHE_BYTES) {
    this.#retentionMs = retentionMs;
    this.#hasher = hasher;
    this.#walker = new SignalWalker(labelCacheBytes);
  }

  get decoding(): Decoding {
    const { size: labelBytes, forgottenHosts } = this.#walker.cache;
    return { general: this.#general, labelBytes, forgottenHosts };
  }

  /** Never throws: what cannot be read is refused with the reason. */
  prepare(message: ReceivedMessage): Item {
    // Whatever was half written of one that was refused is no part of this one.
    this.#writer.clear();
    try {
      if (message.value === null) return refused(message, 'empty', 'the message has no value');
      return message.topic === EVENTS_TOPIC
        ? this.#events(message, message.value)
        : this.#signals(message, message.value);
    } catch (error) {
      return refused(message, 'unreadable', messageOf(error));
    }
  }

  #signals(message: ReceivedMessage, value: Uint8Array): Item {
    const head = this.#walker.walk(value, this.#walked);
    if (head === undefined) return this.#anySignals(message, value);
    const late = this.#timeProblem(message, head.windowStartMs, 'window start');
    if (late !== undefined) return late;
    return this.#stored(message, head, this.#walked.take(head), this.#walked.droppedPackets);
  }

  /** Whatever the walker does not take: other encoders, points to be merged, and all that is to be refused. */
  #anySignals(message: ReceivedMessage, value: Uint8Array): Item {
    this.#general += 1;
    if (!isAgentMessage(value)) return this.#foreign(message, value);
    const batch = decodeSignalBatch(value);
    const late = this.#timeProblem(message, batch.windowStartMs, 'window start');
    if (late !== undefined) return late;
    return this.#stored(message, batch, sampleRows(batch, this.#hasher), droppedPackets(batch));
  }

  #stored(message: ReceivedMessage, head: BatchHead, samples: SampleRows, droppedPackets: number): Prepared {
    const batches = batchRow(head, message, this.#writer);
    const window = {
      hostId: head.host.id,
      startMs: head.windowStartMs,
      endMs: head.windowEndMs,
      points: head.ledger.emittedPoints,
      droppedPackets,
    };
    return prepared(message, { batches }, window, samples);
  }

  #events(message: ReceivedMessage, value: Uint8Array): Item {
    const batch = decodeEventBatch(value);
    for (const [position, event] of batch.events.entries()) {
      const timeMs = Number(event.timeUnixNano / NANOSECONDS_PER_MS);
      const late = this.#timeProblem(message, timeMs, `time of event ${position}`);
      if (late !== undefined) return late;
    }
    return prepared(message, { events: eventRows(batch, this.#writer) }, undefined);
  }

  #foreign(message: ReceivedMessage, value: Uint8Array): Item {
    const window = timeWindow(message.timestampMs, this.#retentionMs);
    const made = prepareForeign(value, { hasher: this.#foreignHasher, writer: this.#writer, window });
    const { rows, minutes, hosts, counts: foreign } = made;
    const [first] = foreign.refusals;
    const detail = refusalDetail(foreign.refusals);
    if (first !== undefined && rows.rows === 0) {
      return { ...refused(message, first.reason, detail), foreign };
    }
    const taken = { ...prepared(message, { foreign: rows }, undefined), minutes, hosts, foreign };
    return first === undefined ? taken : { ...taken, partly: refused(message, 'partly_taken', detail) };
  }

  #timeProblem(message: ReceivedMessage, timeMs: number, what: string): Refused | undefined {
    const problem = timeProblem(timeWindow(message.timestampMs, this.#retentionMs), timeMs, what);
    return problem === undefined ? undefined : refused(message, problem.reason, problem.detail);
  }
}

export function refused(message: ReceivedMessage, reason: DeadLetterReason, detail: string): Refused {
  return { kind: 'refused', message, reason, detail };
}

function prepared(
  message: ReceivedMessage,
  tables: Partial<Record<MessageTable, TableRows>>,
  window: StoredWindow | undefined,
  samples?: SampleRows,
): Prepared {
  let rows = samples?.rows ?? 0;
  let bytes = (message.value?.byteLength ?? 0) + (samples?.byteLength ?? 0);
  for (const table of Object.values(tables)) {
    rows += table.rows;
    bytes += table.bytes.byteLength;
  }
  // All samples of a window stand at its start.
  const minutes = window === undefined ? [] : [Math.floor(window.startMs / MINUTE_MS) * MINUTE_MS];
  const hosts = window === undefined ? [] : [window.hostId];
  return { kind: 'prepared', message, samples, tables, rows, bytes, minutes, hosts, window };
}

function droppedPackets(batch: SignalBatch): number {
  let packets = 0;
  for (const point of batch.points) {
    if (point.kind === 'sum' && point.signal === DROPS) packets += point.value;
  }
  return packets;
}
