import { RowBinaryWriter } from '../../common/clickhouse/row-binary.js';
import type { ReceivedMessage } from '../../common/kafka/consumer.js';
import { messageOf } from '../../common/runtime/errors.js';
import { decodeEventBatch, decodeSignalBatch } from '../../common/wire/otlp.js';
import type { SignalBatch } from '../../common/wire/batch.js';
import { EVENTS_TOPIC } from '../../schema/topics.js';
import type { SeriesHasher } from './identity.js';
import { batchRow } from './rows/batches.js';
import { eventRows } from './rows/events.js';
import { sampleRows } from './rows/samples.js';
import type { MessageTable, TableRows } from './rows/table-rows.js';

/** Why a message went to the dead-letter topic; stable words, in its headers and in the metrics. */
export const DEAD_LETTER_REASONS = ['empty', 'unreadable', 'too_old', 'too_new', 'store_refused'] as const;
export type DeadLetterReason = (typeof DEAD_LETTER_REASONS)[number];

/** A message whose rows are ready. */
export interface Prepared {
  readonly kind: 'prepared';
  readonly message: ReceivedMessage;
  readonly tables: Readonly<Partial<Record<MessageTable, TableRows>>>;
  readonly rows: number;
  readonly bytes: number;
  /** Starts of the minutes that its samples lie in, Unix milliseconds. */
  readonly minutes: readonly number[];
  /** `host.id`s of whom they are. */
  readonly hosts: readonly string[];
  /** What the window says, for progress and metrics; undefined for events. */
  readonly window: StoredWindow | undefined;
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
}

export type Item = Prepared | Refused;

/** Host clocks may be ahead of the broker's by this much, milliseconds. */
const FUTURE_LIMIT_MS = 300_000;
const NANOSECONDS_PER_MS = 1_000_000n;
const MINUTE_MS = 60_000;

/** Turns messages into rows. Depends on the message alone, so that a replay makes the same rows. */
export class Preparer {
  readonly #retentionMs: number;
  readonly #hasher: SeriesHasher;
  readonly #writer = new RowBinaryWriter();

  constructor(retentionMs: number, hasher: SeriesHasher) {
    this.#retentionMs = retentionMs;
    this.#hasher = hasher;
  }

  /** Never throws: what cannot be read is refused with the reason. */
  prepare(message: ReceivedMessage): Item {
    try {
      if (message.value === null) return refused(message, 'empty', 'the message has no value');
      return message.topic === EVENTS_TOPIC
        ? this.#events(message, message.value)
        : this.#signals(message, message.value);
    } catch (error) {
      // Whatever was half written is no part of the next message.
      this.#writer.take();
      return refused(message, 'unreadable', messageOf(error));
    }
  }

  #signals(message: ReceivedMessage, value: Uint8Array): Item {
    const batch = decodeSignalBatch(value);
    const late = this.#timeProblem(message, batch.windowStartMs, 'window start');
    if (late !== undefined) return late;
    const samples = sampleRows(batch, this.#hasher, this.#writer);
    const batches = batchRow(batch, message, this.#writer);
    const window = {
      hostId: batch.host.id,
      startMs: batch.windowStartMs,
      endMs: batch.windowEndMs,
      points: batch.points.length,
      droppedPackets: droppedPackets(batch),
    };
    return prepared(message, { samples, batches }, window);
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

  /** Measured against the record's own time, so that a replay days later decides the same. */
  #timeProblem(message: ReceivedMessage, timeMs: number, what: string): Refused | undefined {
    const earliest = message.timestampMs - this.#retentionMs;
    const latest = message.timestampMs + FUTURE_LIMIT_MS;
    if (timeMs < earliest) {
      const detail = `${what} ${iso(timeMs)} is before ${iso(earliest)}: older than the raw retention`;
      return refused(message, 'too_old', detail);
    }
    if (timeMs > latest) {
      const detail = `${what} ${iso(timeMs)} is after ${iso(latest)}: is the host's clock ahead?`;
      return refused(message, 'too_new', detail);
    }
    return undefined;
  }
}

export function refused(message: ReceivedMessage, reason: DeadLetterReason, detail: string): Refused {
  return { kind: 'refused', message, reason, detail };
}

function prepared(
  message: ReceivedMessage,
  tables: Partial<Record<MessageTable, TableRows>>,
  window: StoredWindow | undefined,
): Prepared {
  const parts = Object.values(tables);
  const rows = parts.reduce((sum, part) => sum + part.rows, 0);
  const bytes = parts.reduce((sum, part) => sum + part.bytes.byteLength, message.value?.byteLength ?? 0);
  // All samples of a window stand at its start.
  const minutes = window === undefined ? [] : [Math.floor(window.startMs / MINUTE_MS) * MINUTE_MS];
  const hosts = window === undefined ? [] : [window.hostId];
  return { kind: 'prepared', message, tables, rows, bytes, minutes, hosts, window };
}

function droppedPackets(batch: SignalBatch): number {
  let packets = 0;
  for (const point of batch.points) {
    if (point.kind === 'sum' && point.signal === 'packet.drops') packets += point.value;
  }
  return packets;
}

function iso(timeMs: number): string {
  const time = new Date(timeMs);
  return Number.isNaN(time.getTime()) ? `${timeMs} ms` : time.toISOString();
}
