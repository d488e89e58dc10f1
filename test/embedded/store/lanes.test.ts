import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { StoreError } from '../../../embedded/store/errors.js';
import { Lane } from '../../../embedded/store/lanes.js';

const never = new AbortController().signal;
const typeOf = (error: unknown) => (error instanceof StoreError ? error.type : String(error));

function gate(): { readonly opened: Promise<void>; readonly open: () => void } {
  let open: () => void = () => undefined;
  const opened = new Promise<void>((resolve) => (open = resolve));
  return { opened, open };
}

describe('Lane', () => {
  test('runs so many at once, lets so many wait in turn, refuses the rest and counts them', async () => {
    let refused = 0;
    const lane = new Lane('reads', { concurrency: 1, queue: 2 }, () => (refused += 1));
    const first = gate();
    const order: string[] = [];
    const running = [
      lane.run(() => first.opened, never),
      lane.run(() => Promise.resolve(order.push('second')), never),
      lane.run(() => Promise.resolve(order.push('third')), never),
    ];
    assert.deepEqual([lane.running, lane.waiting], [1, 2]);
    const late = await lane.run(() => Promise.resolve(), never).catch(typeOf);
    assert.equal(late, 'TOO_MANY_SIMULTANEOUS_QUERIES');
    assert.equal(refused, 1);
    first.open();
    await Promise.all(running);
    assert.deepEqual(order, ['second', 'third']);
    assert.deepEqual([lane.running, lane.waiting], [0, 0]);
  });

  test('a waiter whose client goes away gives its place up', async () => {
    const lane = new Lane('reads', { concurrency: 1, queue: 1 }, () => undefined);
    const first = gate();
    const running = lane.run(() => first.opened, never);
    const aborter = new AbortController();
    const waiting = lane.run(() => Promise.reject(new Error('must not run')), aborter.signal).catch(typeOf);
    aborter.abort();
    assert.equal(await waiting, 'QUERY_WAS_CANCELLED');
    assert.equal(lane.waiting, 0);
    first.open();
    await running;
  });

  test('when it refuses, waiters are told, runners finish', async () => {
    const lane = new Lane('inserts', { concurrency: 1, queue: 5 }, () => undefined);
    const first = gate();
    const running = lane.run(() => first.opened.then(() => 'done'), never);
    const waiting = lane.run(() => Promise.resolve(), never).catch(typeOf);
    lane.refuse('The store is stopping');
    assert.equal(await waiting, 'ABORTED');
    assert.equal(await lane.run(() => Promise.resolve(), never).catch(typeOf), 'ABORTED');
    first.open();
    assert.equal(await running, 'done');
    await lane.idle();
  });

  test('property: never more at once than allowed, and what is let in ends, whatever fails', async () => {
    const work = fc.record({ ms: fc.integer({ min: 0, max: 4 }), fails: fc.boolean() });
    await fc.assert(
      fc.asyncProperty(
        fc.array(work, { maxLength: 20 }),
        fc.integer({ min: 1, max: 4 }),
        fc.integer({ min: 0, max: 10 }),
        async (works, concurrency, queue) => {
          let refused = 0;
          const lane = new Lane('reads', { concurrency, queue }, () => (refused += 1));
          let now = 0;
          let most = 0;
          let ended = 0;
          const run = async ({ ms, fails }: { ms: number; fails: boolean }) => {
            now += 1;
            most = Math.max(most, now);
            await new Promise((resolve) => setTimeout(resolve, ms));
            now -= 1;
            ended += 1;
            if (fails) throw new Error('as it should');
          };
          await Promise.allSettled(works.map((each) => lane.run(() => run(each), never)));
          assert.ok(most <= concurrency);
          assert.equal(ended + refused, works.length);
          assert.equal(refused, Math.max(0, works.length - concurrency - queue));
          assert.equal(lane.running + lane.waiting, 0);
        },
      ),
      { numRuns: 40 },
    );
  });
});
