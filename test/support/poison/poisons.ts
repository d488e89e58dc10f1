import { randomBytes, randomUUID } from 'node:crypto';
import type { Numbers } from '../fleet/numbers.js';
import { encodeEventBatch, encodeSignalBatch } from '../../../common/wire/otlp.js';
import { encodeForeign } from '../../../common/wire/foreign/index.js';
import { eventBatch, signalBatch } from '../../processors/writer/batches.js';
import { foreignSum, nested, repeated } from './bytes.js';

/** A message that cannot be stored, and the reason that the writer must give. */
export interface Poison {
  readonly name: string;
  readonly value: Buffer | null;
  readonly reason: string;
}

const MIB = 1024 * 1024;
const LARGE = 5 * MIB;
const IN_1970 = 5_000;
const IN_2100 = Date.UTC(2100, 0, 1);
const DEPTH = 20_000;
/** No sound message has one there. */
const HOST = 900;

/** What stands on `signals.v1`, each time with other bytes. @param now aligned to the window */
export function signalPoisons(now: number, numbers: Numbers): Poison[] {
  const batch = signalBatch(HOST, numbers.whole(1, 1_000_000), now, randomUUID());
  const sound = Buffer.from(encodeSignalBatch(batch));
  const encoded = (changed: Partial<typeof batch>) =>
    Buffer.from(encodeSignalBatch({ ...batch, ...changed }));
  const [first] = batch.points;
  if (first?.kind !== 'sum') throw new Error('the first point is a sum');
  const at = (startMs: number) =>
    Buffer.from(encodeSignalBatch(signalBatch(HOST, numbers.whole(1, 1_000_000), startMs, randomUUID())));
  const unreadable: [string, Buffer][] = [
    ['random bytes', randomBytes(numbers.whole(1, 2_000))],
    ['no bytes', Buffer.alloc(0)],
    ['text', Buffer.from(`{"resourceMetrics": [${numbers.next()}]}`)],
    ['fields that nobody knows', repeated(200, numbers.whole(1, 9))],
    ['cut off', sound.subarray(0, numbers.whole(20, sound.length - 1))],
    ['a bit turned over in its lengths', withByte(sound, 1, (sound[1] ?? 0) ^ 0x40)],
    ['another count than it says', encoded({ ledger: { ...batch.ledger, emittedPoints: 7 } })],
    ['a negative sum', encoded({ points: [{ ...first, value: -1 }, ...batch.points.slice(1)] })],
    ['no number', encoded({ points: [{ ...first, value: NaN }, ...batch.points.slice(1)] })],
    ['a window that ends before it begins', encoded({ windowEndMs: now - 5_000 })],
    ['itself twice', Buffer.concat([sound, sound])],
    ['an events message', Buffer.from(encodeEventBatch(eventBatch(HOST, 1, now, randomUUID())))],
    ['arrays in arrays', nested(DEPTH)],
    ['5 MiB of random bytes', randomBytes(LARGE)],
    ['5 MiB in one attribute', encoded({ points: [longAttribute(first), ...batch.points.slice(1)] })],
  ];
  return [
    ...unreadable.map(([name, value]) => ({ name, value, reason: 'unreadable' })),
    { name: 'no value', value: null, reason: 'empty' },
    { name: 'from 1970', value: at(IN_1970), reason: 'too_old' },
    { name: 'from 2100', value: at(IN_2100), reason: 'too_new' },
    { name: 'of others, from 1970', value: foreign('theirs', IN_1970), reason: 'too_old' },
    { name: 'of others, under a name of ours', value: foreign('packet.drops', now), reason: 'reserved_name' },
  ];
}

/** What stands on `events.v1`. */
export function eventPoisons(now: number, numbers: Numbers): Poison[] {
  const batch = eventBatch(HOST, numbers.whole(1, 1_000_000), now, randomUUID());
  const sound = Buffer.from(encodeEventBatch(batch));
  const [first] = batch.events;
  if (first === undefined) throw new Error('a batch has events');
  const at = (startMs: number) =>
    Buffer.from(encodeEventBatch(eventBatch(HOST, numbers.whole(1, 1_000_000), startMs, randomUUID())));
  const changed = (event: Partial<typeof first>) =>
    Buffer.from(encodeEventBatch({ ...batch, events: [{ ...first, ...event }] }));
  const unreadable: [string, Buffer][] = [
    ['random bytes', randomBytes(numbers.whole(1, 2_000))],
    ['cut off', sound.subarray(0, numbers.whole(20, sound.length - 1))],
    ['a port that there is none', changed({ sourcePort: 70_000 })],
    ['a place of 5 MiB', changed({ place: 'x'.repeat(LARGE) })],
    ['a signals message', Buffer.from(encodeSignalBatch(signalBatch(HOST, 1, now, randomUUID())))],
    ['arrays in arrays', nested(DEPTH)],
    ['5 MiB of random bytes', randomBytes(LARGE)],
  ];
  return [
    ...unreadable.map(([name, value]) => ({ name, value, reason: 'unreadable' })),
    { name: 'no value', value: null, reason: 'empty' },
    { name: 'from 1970', value: at(IN_1970), reason: 'too_old' },
    { name: 'from 2100', value: at(IN_2100), reason: 'too_new' },
  ];
}

function foreign(name: string, timeMs: number): Buffer {
  return Buffer.from(encodeForeign(foreignSum(name, timeMs)));
}

function longAttribute<T extends object>(point: T): T {
  return { ...point, attributes: { 'drop.reason': 'x'.repeat(LARGE) } };
}

function withByte(bytes: Buffer, at: number, value: number): Buffer {
  const copy = Buffer.from(bytes);
  copy[at] = value;
  return copy;
}
