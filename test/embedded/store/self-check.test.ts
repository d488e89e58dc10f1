import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { SelfCheck } from '../../../embedded/store/self-check.js';

/** Runs a check for a while and gives what it called lost. */
async function observe(ask: () => Promise<void>, stopAfterMs?: number): Promise<string[]> {
  const lost: string[] = [];
  const check = new SelfCheck({ ask, everyMs: 5, limitMs: 60, onLost: (why) => void lost.push(why) });
  check.start();
  if (stopAfterMs !== undefined) setTimeout(() => check.stop(), stopAfterMs);
  await new Promise((resolve) => setTimeout(resolve, 250));
  check.stop();
  return lost;
}

describe('SelfCheck', () => {
  test('asks again and again while answers come', async () => {
    let asked = 0;
    const lost = await observe(() => {
      asked += 1;
      return Promise.resolve();
    });
    assert.deepEqual(lost, []);
    assert.ok(asked > 2);
  });

  test('an engine that does not answer is lost, once', async () => {
    assert.deepEqual(await observe(() => new Promise(() => undefined)), [
      'no answer to a trivial query for 0.06 s',
    ]);
  });

  test('an engine that answers with an error is lost', async () => {
    const [first] = await observe(() => Promise.reject(new Error('closed')));
    assert.equal(first, 'the self-check failed: closed');
  });

  test('after stop nothing is lost any more', async () => {
    assert.deepEqual(await observe(() => new Promise(() => undefined), 20), []);
  });
});
