import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { LENGTH_MS } from '../../../processors/rollup/buckets.js';
import { decideDay, decideHour, decideMinute, finalUntil } from '../../../processors/rollup/decide.js';

const DAY = Date.UTC(2026, 10, 24);
const hour = (number: number, open: number, attained: number, sealed: number) => {
  return { startMs: DAY + number * LENGTH_MS.hour, open, attained, sealed };
};

describe('what is done about a bucket', () => {
  it('a minute is made as of its writes, unless its seal has seen them all or its rows may be gone', () => {
    assert.deepEqual(decideMinute(undefined, 0), { kind: 'stands' });
    assert.deepEqual(decideMinute({ startMs: DAY, written: 3, sealed: 3 }, 0), { kind: 'stands' });
    assert.deepEqual(decideMinute({ startMs: DAY, written: 4, sealed: 3 }, DAY), {
      kind: 'make',
      version: 4,
    });
    assert.deepEqual(decideMinute({ startMs: DAY, written: 4, sealed: 3 }, DAY + 1), { kind: 'too_late' });
  });

  it('an hour waits for its open minutes, and is made as of what their seals have seen', () => {
    assert.deepEqual(decideHour(hour(0, 1, 5, 0)), { kind: 'wait' });
    assert.deepEqual(decideHour(hour(0, 0, 5, 4)), { kind: 'make', version: 5 });
    assert.deepEqual(decideHour(hour(0, 0, 5, 5)), { kind: 'stands' });
  });

  it('a day waits for each of its hours, and is made as of what their seals have seen', () => {
    assert.deepEqual(decideDay([hour(0, 0, 5, 5), hour(1, 1, 0, 0)], 0), { kind: 'wait' });
    assert.deepEqual(decideDay([hour(0, 0, 5, 5), hour(1, 0, 7, 6)], 0), { kind: 'wait' });
    assert.deepEqual(decideDay([hour(0, 0, 5, 5), hour(1, 0, 7, 7)], 5), { kind: 'make', version: 12 });
    assert.deepEqual(decideDay([hour(0, 0, 5, 5), hour(1, 0, 7, 7)], 12), { kind: 'stands' });
    assert.deepEqual(decideDay([], 0), { kind: 'stands' });
  });

  it('days are final up to the first that does not stand, and to where rows may still come', () => {
    const settled = DAY + 3 * LENGTH_MS.day;
    const first = hour(0, 0, 5, 5);
    const second = hour(24, 0, 5, 5);
    const seals = new Map([
      [DAY, 5],
      [DAY + LENGTH_MS.day, 5],
    ]);
    assert.equal(finalUntil([first, second], seals, settled), settled);
    assert.equal(finalUntil([first, second], new Map([[DAY, 5]]), settled), DAY + LENGTH_MS.day);
    assert.equal(finalUntil([hour(0, 1, 5, 5), second], seals, settled), DAY);
    assert.equal(finalUntil([hour(96, 1, 5, 0)], new Map(), settled), settled);
  });
});
