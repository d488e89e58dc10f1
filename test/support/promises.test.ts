import assert from 'node:assert/strict';
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { it } from 'node:test';
import type { ProductPromise } from '../promises/promise.js';
import { RUN_MARK } from './leftovers.js';
import { runPromise, verdictLine } from './promises.js';

const LIMIT_MS = 300;

const promiseOf = (run: ProductPromise['run']): ProductPromise => ({
  name: 'stuck',
  plannedSeconds: { short: 1, full: 1 },
  needs: 'nothing',
  run,
});
const verdictOf = (run: ProductPromise['run']) =>
  runPromise(promiseOf(run), { mode: 'short', stack: undefined, say: () => undefined, limitMs: LIMIT_MS });
const startSleeper = () => spawn('sleep', ['60'], { stdio: 'ignore' });
const isAlive = ({ exitCode, signalCode }: ChildProcess) => exitCode === null && signalCode === null;

it('what a late promise started is ended and named; what others of the run started is not', async (t) => {
  process.env[RUN_MARK] ??= 'a run of tests';
  const before = process.env[RUN_MARK];
  const shared = startSleeper();
  t.after(() => shared.kill('SIGKILL'));
  await once(shared, 'spawn');
  const started: ChildProcess[] = [];
  let isOver = false;
  t.after(() => {
    isOver = true;
    started.forEach((child) => child.kill('SIGKILL'));
  });

  const verdict = await verdictOf(async () => {
    const first = startSleeper();
    started.push(first);
    // Goes on after its limit, as a promise does whose part was killed under it.
    await once(first, 'exit');
    if (!isOver) started.push(startSleeper());
    return new Promise(() => undefined);
  });

  assert.equal(verdict.outcome, 'falls short');
  const [first, second] = started.map(({ pid }) => String(pid));
  assert.equal(
    verdictLine('stuck', verdict),
    `stuck  no verdict within 0.3 s; ended what it left: ${first ?? ''} sleep 60; ${second ?? ''} sleep 60  falls short`,
  );
  assert.deepEqual(started.map(isAlive), [false, false]);
  assert.equal(isAlive(shared), true);
  assert.equal(process.env[RUN_MARK], before);
});

it('a late promise that left nothing says so', async (t) => {
  const keepsLoop = setInterval(() => undefined, 1_000);
  t.after(() => clearInterval(keepsLoop));
  const verdict = await verdictOf(() => new Promise(() => undefined));
  assert.equal(verdict.figure, 'no verdict within 0.3 s; it left no process');
});

it('one in time, or with an error of its own, keeps its figure', async () => {
  const kept = await verdictOf(() => Promise.resolve({ holds: true, figure: '1 of 1' }));
  assert.deepEqual(kept, { outcome: 'holds', figure: '1 of 1' });
  const failed = await verdictOf(() => Promise.reject(new Error('no broker')));
  assert.deepEqual(failed, { outcome: 'falls short', figure: 'no broker' });
});
