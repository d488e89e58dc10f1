import { createHash } from 'node:crypto';
import type { ReceivedMessage } from '../../common/kafka/consumer.js';
import { messageOf } from '../../common/runtime/errors.js';
import { decodeForeign, isAgentMessage, takePoints } from '../../common/wire/foreign/index.js';
import { decodeSignalBatch } from '../../common/wire/otlp.js';
import { checksumOf, type Checksum } from './checksum.js';

/** What one message of the log says, as far as it can be read. */
export interface Said {
  readonly partition: number;
  readonly offset: number;
  readonly timestampMs: number;
  /** `host.id`; the message's key when it cannot be read. */
  readonly host: string;
  /** Start of the window; of points of others, of the minute of the first. The record's time when unreadable. */
  readonly windowMs: number;
  /** Times of its rows lie in [fromMs, toMs]. */
  readonly fromMs: number;
  readonly toMs: number;
  readonly points: number;
  /** As the writer makes it: the `source` column, decimal. Undefined when the message cannot be read. */
  readonly source: string | undefined;
  /** Undefined for points of others, of which only the number is held against the tables. */
  readonly checksum: Checksum | undefined;
  /** Measurements that the host counted as lost in this window, by cause. */
  readonly lostOnHost: Readonly<Record<string, number>>;
  /** Why it cannot be read. */
  readonly unreadable: string | undefined;
}

const MINUTE_MS = 60_000;

/** Never throws. Reads by the strict decoder, not by the writer's quick walk: two ways to the same rows. */
export function readSaid(message: ReceivedMessage): Said {
  try {
    if (message.value === null) throw new Error('it has no value');
    return isAgentMessage(message.value)
      ? agentSaid(message, message.value)
      : othersSaid(message, message.value);
  } catch (error) {
    const key = message.key === null ? '' : Buffer.from(message.key).toString('utf8').slice(0, 64);
    const at = message.timestampMs;
    const nothing = { points: 0, source: undefined, checksum: undefined, lostOnHost: {} };
    return { ...placeOf(message), ...nothing, host: key, ...span(at, at), unreadable: messageOf(error) };
  }
}

function agentSaid(message: ReceivedMessage, value: Uint8Array): Said {
  const batch = decodeSignalBatch(value);
  const { hostId, run, seq } = batch.identity;
  return {
    ...placeOf(message),
    host: hostId,
    ...span(batch.windowStartMs, batch.windowStartMs),
    windowMs: batch.windowStartMs,
    points: batch.points.length,
    source: hash64(`${hostId}\0${run}\0${String(seq)}`),
    checksum: checksumOf(batch.points),
    lostOnHost: batch.ledger.lost,
    unreadable: undefined,
  };
}

function othersSaid(message: ReceivedMessage, value: Uint8Array): Said {
  const { points } = takePoints(decodeForeign(value));
  const times = points.map(({ timeMs }) => timeMs);
  const [first = message.timestampMs] = times;
  return {
    ...placeOf(message),
    host: points[0]?.origin.host ?? '',
    ...span(
      times.reduce((a, b) => Math.min(a, b), first),
      times.reduce((a, b) => Math.max(a, b), first),
    ),
    points: points.length,
    source: hash64(value),
    checksum: undefined,
    lostOnHost: {},
    unreadable: undefined,
  };
}

function placeOf({ partition, offset, timestampMs }: ReceivedMessage) {
  return { partition, offset, timestampMs };
}

function span(fromMs: number, toMs: number) {
  return { fromMs, toMs, windowMs: Math.floor(fromMs / MINUTE_MS) * MINUTE_MS };
}

/** First 8 bytes of SHA-256, little endian: the contract of the `source` column. */
function hash64(content: string | Uint8Array): string {
  return createHash('sha256').update(content).digest().readBigUInt64LE(0).toString();
}
