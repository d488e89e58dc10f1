import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Collector } from '../../../processors/writer/collector.js';
import { refused, type Item } from '../../../processors/writer/prepare.js';

const item = (offset: number, bytes = 1): Item =>
  refused(
    { topic: 't', partition: 0, offset, timestampMs: 0, key: null, value: Buffer.alloc(bytes), headers: {} },
    'unreadable',
    '',
  );
const limits = { flushMs: 50, rows: 100, bytes: 1_000, items: 3 };

describe('collector', () => {
  it('gives out what came within the time, not earlier', async () => {
    const collector = new Collector(limits);
    const begin = performance.now();
    collector.add(item(0));
    setTimeout(() => collector.add(item(1)), 10);
    const items = await collector.next();
    assert.equal(items?.length, 2);
    assert.ok(performance.now() - begin >= 49);
  });

  it('gives out at once when a limit is reached, and has no room until then', async () => {
    const collector = new Collector({ ...limits, flushMs: 60_000 });
    for (let offset = 0; offset < 3; offset += 1) {
      assert.equal(collector.roomFor(), undefined);
      collector.add(item(offset));
    }
    const room = collector.roomFor();
    assert.ok(room instanceof Promise);
    assert.equal((await collector.next())?.length, 3);
    await room;
    assert.equal(collector.roomFor(), undefined);
  });

  it('gives out so many rows as are worth an insert, and still has room while that goes on', async () => {
    const collector = new Collector({ ...limits, items: 100, flushMs: 60_000, eagerRows: 2 });
    collector.add(item(0));
    collector.add(item(1));
    collector.add(item(2));
    assert.equal(collector.roomFor(), undefined);
    assert.equal((await collector.next())?.length, 3);
  });

  it('counts bytes', async () => {
    const collector = new Collector({ ...limits, flushMs: 60_000 });
    collector.add(item(0, 1_000));
    assert.equal((await collector.next())?.length, 1);
  });

  it('drains: what is there goes out at once, then it ends', async () => {
    const collector = new Collector({ ...limits, flushMs: 60_000 });
    collector.add(item(0));
    const next = collector.next();
    collector.drain();
    assert.equal((await next)?.length, 1);
    assert.equal(await collector.next(), undefined);
  });
});
