import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import type { LaunchRequest } from '../../../embedded/launch/launch.js';
import type { ProcessSpec } from '../../../embedded/supervisor/managed-process.js';
import { runOnce } from '../../../embedded/supervisor/once.js';
import { identify, isRunning } from '../../../embedded/supervisor/processes.js';
import { Stack } from '../../../embedded/supervisor/stack.js';
import { temporaryDirectory } from '../../support/temporary.js';

const directory = temporaryDirectory();
const terminal = {
  say: () => undefined,
  print: () => undefined,
  live: () => undefined,
  endLive: () => undefined,
};
const NOTING = `
  require('node:fs').writeFileSync(process.argv[1], String(process.pid));
  setInterval(() => {}, 1000);`;

const noting = (file: string): LaunchRequest => ({
  command: [process.execPath, '-e', NOTING, file],
  environment: {},
  user: undefined,
  needs: [],
});

function neverReady(name: string, request: ProcessSpec['request']): ProcessSpec {
  const logFile = join(directory, `${name}.log`);
  const ready = () => Promise.resolve('not yet');
  return { name, logFile, request, ready, readyLimitMs: 20_000, health: undefined, stopLimitMs: 5_000 };
}

async function pidIn(file: string): Promise<number> {
  const deadline = Date.now() + 10_000;
  while (!existsSync(file) || readFileSync(file, 'utf8') === '') {
    assert.ok(Date.now() < deadline, `nothing wrote ${file}`);
    await sleep(20);
  }
  return Number(readFileSync(file, 'utf8'));
}

describe('a stop in the middle of a start', () => {
  test('ends the unit that is not ready yet, and lets no other start', async () => {
    const stack = new Stack(terminal, () => undefined);
    const file = join(directory, 'first');
    const unit = { name: 'first', processes: [neverReady('first', () => noting(file))] };
    const start = assert.rejects(stack.start(unit, ''), /first /);
    const identity = identify(await pidIn(file));
    await stack.stop();
    await start;
    assert.equal(isRunning(identity), false);
    const late = join(directory, 'late');
    const other = { name: 'late', processes: [neverReady('late', () => noting(late))] };
    await assert.rejects(stack.start(other, ''), /late is not started: the stack stops/);
    assert.equal(existsSync(late), false);
  });

  test('ends a process that came into being while the stop was under way', async () => {
    const stack = new Stack(terminal, () => undefined);
    const file = join(directory, 'slow');
    const request = async () => {
      await sleep(300);
      return noting(file);
    };
    const start = assert.rejects(stack.start({ name: 'slow', processes: [neverReady('slow', request)] }, ''));
    await sleep(50);
    const begin = performance.now();
    await stack.stop();
    await start;
    // Not when the start gives up by itself, after 20 s.
    assert.ok(performance.now() - begin < 10_000);
    if (existsSync(file)) assert.equal(isRunning(identify(await pidIn(file))), false);
    assert.deepEqual(stack.parts(), []);
  });

  test('ends a process that runs once', async () => {
    const halt = new AbortController();
    const file = join(directory, 'once');
    const run = assert.rejects(
      runOnce('schema', noting(file), join(directory, 'once.log'), 20_000, halt.signal),
      /schema ended with SIGKILL/,
    );
    const identity = identify(await pidIn(file));
    halt.abort();
    await run;
    assert.equal(isRunning(identity), false);
    await assert.rejects(
      runOnce('schema', noting(file), join(directory, 'once.log'), 1, halt.signal),
      /not run/,
    );
  });
});
