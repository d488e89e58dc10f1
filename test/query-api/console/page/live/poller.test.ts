import assert from 'node:assert/strict';
import { mock, test } from 'node:test';
import { createPoller, waitMs } from '../../../../../query-api/console/page/live/poller.js';
import type { Outcome } from '../../../../../query-api/console/page/live/poller.js';

/** A clock that only moves when told, with one pending timer. */
function stillClock() {
  let now = 0;
  let pending: { at: number; run: () => void } | undefined;
  return {
    now: () => now,
    after: (delayMs: number, run: () => void) => {
      const mine = (pending = { at: now + delayMs, run });
      return () => {
        if (pending === mine) pending = undefined;
      };
    },
    /** Moves to the next timer, runs it, and lets the round end. */
    async next(): Promise<number | undefined> {
      if (pending === undefined) return undefined;
      const { at, run } = pending;
      pending = undefined;
      const waited = at - now;
      now = at;
      run();
      await settle();
      return waited;
    },
  };
}

const settle = () => new Promise((resolve) => setImmediate(resolve));

test('waits 5 s after a good round, longer after each bad one, at most a minute', async () => {
  const timers = stillClock();
  const outcomes = [true, false, false, false, false, false, true, true];
  const poller = createPoller({
    round: () => Promise.resolve<Outcome>({ ok: outcomes.shift() ?? true }),
    again: () => true,
    onPlanned: () => undefined,
    timers,
  });
  poller.restart();
  await settle();
  const waits = [];
  while (outcomes.length > 0) waits.push(await timers.next());
  assert.deepEqual(waits, [5_000, 10_000, 20_000, 40_000, 60_000, 60_000, 5_000]);
});

test('leaves the API alone for as long as it asks, within a minute', () => {
  assert.equal(waitMs(1, 30_000), 30_000);
  assert.equal(waitMs(1, 3_600_000), 60_000);
  assert.equal(waitMs(0, 1_000), 5_000);
});

test('a restart abandons the round under way, whose end then changes nothing', async () => {
  const timers = stillClock();
  const signals: AbortSignal[] = [];
  const ends: ((outcome: Outcome) => void)[] = [];
  const planned = mock.fn();
  const poller = createPoller({
    round: (signal) => {
      signals.push(signal);
      return new Promise((resolve) => ends.push(resolve));
    },
    again: () => true,
    onPlanned: planned,
    timers,
  });
  poller.restart();
  poller.restart();
  assert.deepEqual(
    signals.map((signal) => signal.aborted),
    [true, false],
  );
  ends[0]?.({ ok: false });
  await settle();
  assert.equal(planned.mock.callCount(), 0);
  ends[1]?.({ ok: true });
  await settle();
  assert.equal(poller.nextAt, 5_000);
});

test('stops when nobody wants another round, and survives a round that throws', async (context) => {
  const timers = stillClock();
  context.mock.method(console, 'error', () => undefined);
  let wanted = true;
  const poller = createPoller({
    round: () => Promise.reject(new Error('broken')),
    again: () => wanted,
    onPlanned: () => undefined,
    timers,
  });
  poller.restart();
  await settle();
  assert.equal(poller.nextAt, 10_000, 'a thrown round counts as a failed one');
  wanted = false;
  await timers.next();
  assert.equal(poller.nextAt, undefined);
  assert.equal(await timers.next(), undefined);
});
