import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { BellwetherError } from '../../../common/runtime/errors.js';
import { Ledger } from '../../../ingest/ledger/ledger.js';
import type { Parcel } from '../../../ingest/ship/batch-builder.js';
import { ShipQueue } from '../../../ingest/ship/queue.js';
import { Shipper } from '../../../ingest/ship/shipper.js';
import { until } from '../../support/until.js';
import { silentLog } from '../fakes.js';

function parcel(seq: number, change: Partial<Parcel> = {}): Parcel {
  return {
    identity: { hostId: 'h1', run: 'r', seq },
    windowEndMs: 0,
    points: 10,
    events: 1,
    lost: {},
    signalBytes: new Uint8Array(100),
    eventBytes: undefined,
    ...change,
  };
}

const LIMITS = { maxBatches: 3, maxBytes: 1_000_000 };

function seqsOf(queue: ShipQueue): number[] {
  const seqs: number[] = [];
  for (let next = queue.next(); next !== undefined; next = queue.next()) {
    seqs.push(next.identity.seq);
    queue.shipped();
  }
  return seqs;
}

describe('the queue', () => {
  test('drops the oldest when it is full, and counts what it held, its own losses included', () => {
    const ledger = new Ledger();
    const queue = new ShipQueue(LIMITS, ledger);
    for (let seq = 0; seq < 5; seq++) queue.push(parcel(seq, { lost: { drop_map_full: seq + 1 } }));
    assert.deepEqual(ledger.take(), {
      queue_overflow_batches: 2,
      queue_overflow_points: 20,
      queue_overflow_events: 2,
      drop_map_full: 3,
    });
    assert.deepEqual(seqsOf(queue), [2, 3, 4]);
    assert.equal(queue.bytes, 0);
  });

  test('never drops the batch that is being sent: it may have arrived', () => {
    const ledger = new Ledger();
    const queue = new ShipQueue(LIMITS, ledger);
    queue.push(parcel(0));
    assert.equal(queue.next()?.identity.seq, 0);
    for (let seq = 1; seq < 5; seq++) queue.push(parcel(seq));
    assert.equal(ledger.take()['queue_overflow_points'], 20);
    assert.deepEqual(seqsOf(queue), [0, 3, 4]);
  });

  test('is bounded in bytes too, but always takes the newest', () => {
    const ledger = new Ledger();
    const queue = new ShipQueue({ maxBatches: 100, maxBytes: 250 }, ledger);
    for (let seq = 0; seq < 4; seq++) queue.push(parcel(seq));
    queue.push(parcel(4, { signalBytes: new Uint8Array(10_000) }));
    assert.deepEqual(seqsOf(queue), [4]);
    assert.equal(ledger.take()['queue_overflow_batches'], 4);
  });
});

describe('the ledger', () => {
  test('tells each loss once, and again when the batch that told it was lost', () => {
    const seen: [string, number][] = [];
    const ledger = new Ledger((cause, count) => seen.push([cause, count]));
    ledger.lose('a', 2);
    ledger.lose('a', 3);
    ledger.lose('b', 0);
    const told = ledger.take();
    assert.deepEqual(told, { a: 5 });
    assert.deepEqual(ledger.take(), {});
    ledger.giveBack(told);
    assert.deepEqual(ledger.take(), { a: 5 });
    assert.deepEqual(seen, [
      ['a', 2],
      ['a', 3],
    ]);
  });
});

describe('the shipper', () => {
  function shipperFor(send: (seq: string) => Promise<void>, flushLimitMs = 5_000) {
    const ledger = new Ledger();
    const queue = new ShipQueue({ maxBatches: 100, maxBytes: 1_000_000 }, ledger);
    const shipped: number[] = [];
    const producer = {
      send: (
        _topic: string,
        messages: readonly { headers?: Readonly<Record<string, string | Uint8Array>> }[],
      ) => send(String(messages[0]?.headers?.['bellwether.seq'])),
    };
    const events = {
      onShipped: (done: Parcel) => shipped.push(done.identity.seq),
      onFailed: () => undefined,
    };
    const shipper = new Shipper(queue, producer, silentLog, events, flushLimitMs);
    return { shipper, ledger, queue, shipped };
  }

  test('keeps the order through failures', async () => {
    let failures = 3;
    const { shipper, shipped } = shipperFor(() => {
      if (failures-- > 0) return Promise.reject(new BellwetherError('kafka_unavailable', 'away'));
      return Promise.resolve();
    });
    await shipper.start();
    for (let seq = 0; seq < 4; seq++) shipper.ship(parcel(seq));
    await until('all are shipped', () => shipped.length === 4);
    assert.deepEqual(shipped, [0, 1, 2, 3]);
    assert.equal(shipper.failures, 0);
    await shipper.stop();
  });

  test('a batch that can never be taken is counted, and the next goes on', async () => {
    const { shipper, shipped, ledger } = shipperFor((seq) =>
      seq === '0' ? Promise.reject(new BellwetherError('message_invalid', 'too large')) : Promise.resolve(),
    );
    await shipper.start();
    shipper.ship(parcel(0, { lost: { recursion: 4 } }));
    shipper.ship(parcel(1));
    await until('the second is shipped', () => shipped.length === 1);
    assert.deepEqual(ledger.take(), { message_refused_points: 10, message_refused_events: 1, recursion: 4 });
    await shipper.stop();
  });

  test('a stop sends what is queued, and gives up in time when Kafka stays away', async () => {
    const there = shipperFor(() => Promise.resolve());
    await there.shipper.start();
    for (let seq = 0; seq < 50; seq++) there.shipper.ship(parcel(seq));
    await there.shipper.stop();
    assert.equal(there.shipped.length, 50);

    const away = shipperFor(() => Promise.reject(new BellwetherError('kafka_unavailable', 'away')), 100);
    await away.shipper.start();
    away.shipper.ship(parcel(0));
    const started = Date.now();
    await away.shipper.stop();
    assert.ok(Date.now() - started < 2_000);
    assert.equal(away.queue.length, 1);
  });
});
