import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { describe, it } from 'node:test';
import type { ReceivedMessage } from '../../../common/kafka/consumer.js';
import { encodeEventBatch, encodeSignalBatch } from '../../../common/wire/otlp.js';
import { SeriesHasher, sourceOf } from '../../../processors/writer/identity.js';
import { Preparer, type Item } from '../../../processors/writer/prepare.js';
import { EVENTS_TOPIC, SIGNALS_TOPIC } from '../../../schema/topics.js';
import { eventBatch, signalBatch, WINDOW_MS } from './batches.js';

const HOUR_MS = 3_600_000;
const NOW_MS = Math.floor(Date.UTC(2026, 10, 24, 18) / WINDOW_MS) * WINDOW_MS;
const run = randomUUID();

const message = (value: Uint8Array | null, topic: string = SIGNALS_TOPIC, offset = 7): ReceivedMessage => ({
  topic,
  partition: 1,
  offset,
  timestampMs: NOW_MS,
  key: null,
  value,
  headers: {},
});
const preparer = () => new Preparer(48 * HOUR_MS, new SeriesHasher());
const reasonOf = (item: Item) => (item.kind === 'refused' ? item.reason : 'none');

describe('preparation of a message', () => {
  it('makes the rows of a batch and its row of the ledger', () => {
    const item = preparer().prepare(message(encodeSignalBatch(signalBatch(1, 0, NOW_MS, run))));
    assert.ok(item.kind === 'prepared');
    assert.equal(item.samples?.rows, 6);
    assert.equal(item.tables.batches?.rows, 1);
    assert.equal(item.window?.points, 6);
    assert.equal(item.window.droppedPackets, 1_001 + 1_002 + 1_003);
  });

  it('makes the same rows of the same message, whatever was made before', () => {
    const one = preparer();
    const value = encodeSignalBatch(signalBatch(1, 0, NOW_MS, run));
    const first = one.prepare(message(value));
    one.prepare(message(Buffer.from('garbage')));
    one.prepare(message(encodeSignalBatch(signalBatch(2, 1, NOW_MS, run))));
    assert.deepEqual(one.prepare(message(value)), first);
    assert.deepEqual(preparer().prepare(message(value)), first);
  });

  it('leaves nothing of a refused message in the rows of the next', () => {
    const one = preparer();
    const old = encodeSignalBatch(signalBatch(1, 0, NOW_MS - 49 * HOUR_MS, run));
    const event = message(encodeEventBatch(eventBatch(1, 0, NOW_MS, run)), EVENTS_TOPIC);
    assert.equal(reasonOf(one.prepare(message(old))), 'too_old');
    assert.deepEqual(one.prepare(event), preparer().prepare(event));
  });

  it('merges points that fall on one key before they become a row', () => {
    const batch = signalBatch(1, 0, NOW_MS, run);
    const doubled = {
      ...batch,
      points: [...batch.points, ...batch.points],
      ledger: { ...batch.ledger, emittedPoints: 12 },
    };
    const item = preparer().prepare(message(encodeSignalBatch(doubled)));
    assert.ok(item.kind === 'prepared');
    assert.equal(item.samples?.rows, 6);
    assert.equal(item.window?.points, 12, 'counted before they were merged');
    assert.equal(item.window.droppedPackets, 2 * (1_001 + 1_002 + 1_003));
  });

  it('refuses what it cannot read, with the reason', () => {
    const at = (startMs: number) => message(encodeSignalBatch(signalBatch(1, 0, startMs, run)));
    assert.equal(reasonOf(preparer().prepare(message(null))), 'empty');
    assert.equal(reasonOf(preparer().prepare(message(Buffer.from([255, 255])))), 'unreadable');
    assert.equal(reasonOf(preparer().prepare(at(NOW_MS - 48 * HOUR_MS - WINDOW_MS))), 'too_old');
    assert.equal(reasonOf(preparer().prepare(at(NOW_MS - 48 * HOUR_MS))), 'none');
    assert.equal(reasonOf(preparer().prepare(at(NOW_MS + 300_000))), 'none');
    assert.equal(reasonOf(preparer().prepare(at(NOW_MS + 300_000 + WINDOW_MS))), 'too_new');
  });

  it('judges times by the record, so that a replay days later decides the same', () => {
    const old = { ...message(encodeSignalBatch(signalBatch(1, 0, 0, run))), timestampMs: 1_000 };
    assert.equal(reasonOf(preparer().prepare(old)), 'none');
  });

  it('counts what is left to the general decoder', () => {
    const one = preparer();
    const batch = signalBatch(1, 0, NOW_MS, run);
    one.prepare(message(encodeSignalBatch(batch)));
    assert.equal(one.decoding.general, 0);
    assert.ok(one.decoding.labelBytes > 0);
    const ledger = { ...batch.ledger, emittedPoints: 12 };
    const doubled = { ...batch, points: [...batch.points, ...batch.points], ledger };
    one.prepare(message(encodeSignalBatch(doubled)));
    one.prepare(message(Buffer.from('garbage')));
    assert.equal(one.decoding.general, 2);
  });

  it('refuses points that add up to no number', () => {
    const batch = signalBatch(1, 0, NOW_MS, run);
    const [first] = batch.points;
    assert.ok(first?.kind === 'sum');
    const huge = { ...first, value: 1.7e308 };
    const ledger = { ...batch.ledger, emittedPoints: 2 };
    const item = preparer().prepare(message(encodeSignalBatch({ ...batch, points: [huge, huge], ledger })));
    assert.ok(item.kind === 'refused');
    assert.match(item.detail, /packet\.drops add up to Infinity/);
  });

  it('makes a row of each event, and refuses times that no partition is for', () => {
    const good = preparer().prepare(message(encodeEventBatch(eventBatch(1, 0, NOW_MS, run)), EVENTS_TOPIC));
    assert.ok(good.kind === 'prepared');
    assert.equal(good.tables.events?.rows, 2);
    const late = encodeEventBatch(eventBatch(1, 0, NOW_MS - 49 * HOUR_MS, run));
    assert.equal(reasonOf(preparer().prepare(message(late, EVENTS_TOPIC))), 'too_old');
  });
});

describe('identity', () => {
  it('of a message depends on host, run and seq alone', () => {
    const identity = { hostId: 'h', run: '00000000-0000-4000-8000-000000000000', seq: 1 };
    // First 8 bytes, little endian, of SHA-256 of "h\0…\01".
    assert.equal(sourceOf(identity), 6519644882585706681n);
    assert.notEqual(sourceOf(identity), sourceOf({ ...identity, seq: 2 }));
    assert.notEqual(sourceOf(identity), sourceOf({ ...identity, hostId: 'h2' }));
  });

  it('of a series depends on each field, on their borders, and not on the order of attributes', () => {
    const hasher = new SeriesHasher();
    const owner = { customer: 'a', app: 'b', instance: 'c' };
    const point = { kind: 'sum' as const, signal: 'm', owner, attributes: { x: '1', y: '2' }, value: 1 };
    const base = hasher.seriesOf('h', point);
    const later = { ...point, value: 9, attributes: { y: '2', x: '1' } };
    assert.equal(hasher.seriesOf('h', later), base);
    const others = [
      hasher.seriesOf('h2', point),
      hasher.seriesOf('h', { ...point, signal: 'n' }),
      hasher.seriesOf('h', { ...point, owner: { customer: 'ab', app: '', instance: 'c' } }),
      hasher.seriesOf('h', { ...point, attributes: { x: '1' } }),
      hasher.seriesOf('h', { ...point, attributes: { x: '1y', '': '2' } }),
    ];
    assert.equal(new Set([base, ...others]).size, 6);
  });
});
