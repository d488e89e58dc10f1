import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { ProgressWatchdog } from '../../../common/kafka/progress-watchdog.js';

const AT = { topic: 'signals.v1', partition: 0 };
const OTHER = { topic: 'signals.v1', partition: 1 };
const state = (committed: number | null, high: number, at = AT, low = 0) => ({ ...at, low, high, committed });

describe('progress watchdog', () => {
  const watchdog = () => new ProgressWatchdog({ stallMs: 1_000 });

  it('stalls when messages wait and the commit does not move, then is hopeless after a restart', () => {
    const dog = watchdog();
    assert.equal(dog.observe(0, [state(5, 9)], [AT], false).kind, 'moving');
    assert.equal(dog.observe(900, [state(5, 12)], [AT], false).kind, 'moving');
    const verdict = dog.observe(1_000, [state(5, 12)], [AT], false);
    assert.deepEqual(verdict, { kind: 'stalled', partitions: ['signals.v1[0]'] });
    assert.equal(dog.observe(1_500, [state(5, 12)], [AT], false).kind, 'moving');
    assert.equal(dog.observe(2_500, [state(5, 12)], [AT], false).kind, 'hopeless');
  });

  it('gives a consumer that moved after its restart a fresh start', () => {
    const dog = watchdog();
    dog.observe(0, [state(5, 9)], [AT], false);
    assert.equal(dog.observe(1_000, [state(5, 9)], [AT], false).kind, 'stalled');
    dog.observe(1_100, [state(9, 9)], [AT], false);
    dog.observe(1_200, [state(9, 20)], [AT], false);
    assert.equal(dog.observe(2_300, [state(9, 20)], [AT], false).kind, 'stalled');
  });

  it('does not mind an idle log, a store that is away, or the partitions of others', () => {
    const dog = watchdog();
    for (let now = 0; now < 10_000; now += 500) {
      assert.equal(dog.observe(now, [state(9, 9), state(1, 5, OTHER)], [AT], false).kind, 'moving');
    }
    const away = watchdog();
    for (let now = 0; now < 10_000; now += 500) {
      assert.equal(away.observe(now, [state(5, 9)], [AT], true).kind, 'moving');
    }
  });

  it('lets one partition wait for its turn while others move, but not for ever', () => {
    const dog = watchdog();
    const kinds: string[] = [];
    for (let now = 0; now <= 10_000; now += 500) {
      kinds.push(dog.observe(now, [state(5, 9), state(now, 99_999, OTHER)], [AT, OTHER], false).kind);
    }
    assert.deepEqual(new Set(kinds.slice(0, -1)), new Set(['moving']));
    assert.equal(kinds.at(-1), 'stalled');
  });

  it('looks at all partitions when this member has none', () => {
    const dog = watchdog();
    dog.observe(0, [state(null, 9)], [], false);
    assert.equal(dog.observe(1_000, [state(null, 9)], [], false).kind, 'stalled');
  });

  it('does not wait for messages that retention has removed', () => {
    const dog = watchdog();
    dog.observe(0, [state(5, 9, AT, 9)], [AT], false);
    assert.equal(dog.observe(5_000, [state(5, 9, AT, 9)], [AT], false).kind, 'moving');
  });
});
