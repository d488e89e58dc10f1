import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { pino } from 'pino';
import { WriterMetrics } from '../../../processors/writer/metrics.js';
import type { Prepared } from '../../../processors/writer/prepare.js';
import { Store } from '../../../processors/writer/store.js';
import { startFakeStore } from './fake-store.js';

const log = pino({ level: 'silent' });

function prepared(offset: number, text: string): Prepared {
  const rows = { bytes: Buffer.from(`<${text}>`), rows: 1 };
  return {
    kind: 'prepared',
    message: { topic: 't', partition: 0, offset, timestampMs: 0, key: null, value: null, headers: {} },
    tables: { events: rows, batches: rows },
    rows: 2,
    bytes: 10,
    minutes: [],
    hosts: [],
    window: undefined,
  };
}

async function withStore(
  refuse: (body: string) => number | undefined,
  test: (
    store: Store,
    accepted: readonly { table: string; body: string }[],
    giveUp: AbortController,
  ) => Promise<void>,
): Promise<void> {
  const fake = await startFakeStore(refuse);
  const giveUp = new AbortController();
  const store = new Store({ client: fake.client, metrics: new WriterMetrics(), log, signal: giveUp.signal });
  try {
    await test(store, fake.accepted, giveUp);
  } finally {
    await fake.stop();
  }
}

describe('inserts of the writer', () => {
  it('put all messages of a group into one insert a table, the ledger last', async () => {
    await withStore(
      () => undefined,
      async (store, accepted) => {
        assert.deepEqual(await store.insert([prepared(0, 'a'), prepared(1, 'b')]), []);
        assert.deepEqual(accepted, [
          { table: 'events', body: '<a><b>' },
          { table: 'batches', body: '<a><b>' },
        ]);
      },
    );
  });

  it('find the messages that the store refuses, and store all others', async () => {
    const messages = Array.from({ length: 37 }, (_, i) =>
      prepared(i, i % 17 === 3 ? `poison${i}` : `good${i}`),
    );
    await withStore(
      (body) => (body.includes('poison') ? 117 : undefined),
      async (store, accepted) => {
        const refusals = await store.insert(messages);
        assert.deepEqual(
          refusals.map(({ message }) => message.offset),
          [3, 20],
        );
        const [first] = refusals;
        assert.equal(first?.reason, 'store_refused');
        assert.equal(first.detail, 'ClickHouse code 117 INCORRECT_DATA', 'no value of a row is told');
        const ledger = accepted.filter(({ table }) => table === 'batches').map(({ body }) => body);
        for (let i = 0; i < 37; i += 1) {
          assert.equal(ledger.join('').includes(`<good${i}>`), i % 17 !== 3);
        }
      },
    );
  });

  it('are tried again while the store is overloaded', async () => {
    let failures = 2;
    await withStore(
      () => (failures-- > 0 ? 241 : undefined),
      async (store, accepted) => {
        assert.deepEqual(await store.insert([prepared(0, 'a')]), []);
        assert.equal(accepted.length, 2);
        assert.equal(store.trouble, undefined);
      },
    );
  });

  it('are no trouble any more when what was tried again is refused for good', async () => {
    const codes = [241, 117];
    await withStore(
      () => codes.shift(),
      async (store) => {
        const refusals = await store.insert([prepared(0, 'a')]);
        assert.equal(refusals.length, 1);
        assert.equal(store.trouble, undefined);
      },
    );
  });

  it('stop at once when nothing will be taken', async () => {
    await withStore(
      () => 60,
      async (store, accepted) => {
        await assert.rejects(
          store.insert([prepared(0, 'a'), prepared(1, 'b')]),
          /the store refuses every insert/,
        );
        assert.deepEqual(accepted, []);
      },
    );
  });

  it('are given up when the process stops', async () => {
    await withStore(
      () => 241,
      async (store, _accepted, giveUp) => {
        const insert = store.insert([prepared(0, 'a')]);
        setTimeout(() => giveUp.abort(), 50);
        await assert.rejects(insert, { name: 'Stopped' });
        assert.match(store.trouble ?? '', /MEMORY_LIMIT_EXCEEDED/);
      },
    );
  });
});
