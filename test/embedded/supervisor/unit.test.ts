import assert from 'node:assert/strict';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import type { ProcessSpec } from '../../../embedded/supervisor/managed-process.js';
import { isRunning } from '../../../embedded/supervisor/processes.js';
import { Unit } from '../../../embedded/supervisor/unit.js';
import { temporaryDirectory } from '../../support/temporary.js';

const directory = temporaryDirectory();
const units: Unit[] = [];
after(() => Promise.all(units.map((unit) => unit.stop())));

/** Lives until SIGTERM, and notes in a shared file when it starts and stops. */
const LIVING = `
  const { appendFileSync } = require('node:fs');
  const [name, file] = process.argv.slice(1);
  appendFileSync(file, name + ' started\\n');
  process.on('SIGTERM', () => { appendFileSync(file, name + ' stopped\\n'); process.exit(0); });
  setInterval(() => {}, 1000);`;

function living(name: string, events: string, changes: Partial<ProcessSpec> = {}): ProcessSpec {
  return {
    name,
    logFile: join(directory, `${name}.log`),
    request: () => ({
      command: [process.execPath, '-e', LIVING, name, events],
      environment: {},
      user: undefined,
      needs: [],
    }),
    ready: () =>
      Promise.resolve(
        existsSync(events) && readFileSync(events, 'utf8').includes(`${name} started`)
          ? undefined
          : 'not yet',
      ),
    readyLimitMs: 20_000,
    health: undefined,
    stopLimitMs: 5_000,
    ...changes,
  };
}

function makeUnit(name: string, processes: readonly ProcessSpec[], said: string[] = []): Unit {
  const unit = new Unit({ name, processes }, { say: (line) => said.push(line), changed: () => undefined });
  units.push(unit);
  return unit;
}

async function until(condition: () => boolean, limitMs = 20_000): Promise<void> {
  const deadline = Date.now() + limitMs;
  while (!condition()) {
    assert.ok(Date.now() < deadline, 'it did not come to that in time');
    await sleep(50);
  }
}

describe('Unit', { concurrency: false }, () => {
  test('starts in order and stops from the last to the first', async () => {
    const events = join(directory, 'order');
    const unit = makeUnit('pair', [living('first', events), living('second', events)]);
    await unit.start();
    assert.equal(unit.state, 'ready');
    await unit.stop();
    assert.equal(unit.state, 'stopped');
    const noted = readFileSync(events, 'utf8').trim().split('\n');
    assert.deepEqual(noted, ['first started', 'second started', 'second stopped', 'first stopped']);
  });

  test('when one of a pair ends, both are started again, and it is said why', async () => {
    const events = join(directory, 'pair');
    const said: string[] = [];
    const unit = makeUnit('pair', [living('loader', events), living('agent', events)], said);
    await unit.start();
    const before = unit.processes.map(({ identity }) => identity);
    process.kill(before[0]!.pid, 'SIGKILL');
    await until(() => unit.restarts === 1 && unit.state === 'ready');
    const now = unit.processes.map(({ identity }) => identity.pid);
    assert.equal(now.length, 2);
    assert.ok(before.every((identity) => !isRunning(identity) && !now.includes(identity.pid)));
    assert.match(said[0] ?? '', /^loader was ended by SIGKILL: starting pair again in 1 s$/);
    assert.equal(said[1], 'pair is back');
    await unit.stop();
  });

  test(
    'a process that hangs is found by its health check, killed and started again',
    { timeout: 60_000 },
    async () => {
      const events = join(directory, 'hang');
      const said: string[] = [];
      let well = true;
      const health = () => Promise.resolve(well ? undefined : 'no answer');
      const unit = makeUnit('store', [living('store', events, { health })], said);
      await unit.start();
      const [first] = unit.processes;
      process.kill(first!.identity.pid, 'SIGSTOP');
      well = false;
      await until(() => said.length > 0, 40_000);
      well = true;
      await until(() => unit.state === 'ready');
      assert.match(said[0] ?? '', /store failed 3 health checks \(no answer\) and was killed/);
      assert.equal(isRunning(first!.identity), false);
      await unit.stop();
    },
  );

  test('a first start that fails says why, with the last lines of the log, and leaves no process', async () => {
    const events = join(directory, 'failing');
    const failing = living('writer', events, {
      request: () => ({
        command: [process.execPath, '-e', 'console.error("the port is taken"); process.exit(3)'],
        environment: {},
        user: undefined,
        needs: [],
      }),
    });
    const unit = makeUnit('writer', [living('helper', events), failing]);
    await assert.rejects(unit.start(), {
      code: 'setup_failed',
      message: /^writer ended with code 3 [\s\S]*the port is taken/,
    });
    assert.deepEqual(unit.processes, []);
    assert.match(readFileSync(events, 'utf8'), /helper stopped/);
  });

  test('a process that ignores SIGTERM is killed after its limit', async () => {
    const events = join(directory, 'stubborn');
    const stubborn = LIVING.replace('process.exit(0)', '0');
    const unit = makeUnit('kafka', [
      living('kafka', events, {
        stopLimitMs: 300,
        request: () => ({
          command: [process.execPath, '-e', stubborn, 'kafka', events],
          environment: {},
          user: undefined,
          needs: [],
        }),
      }),
    ]);
    await unit.start();
    const [started] = unit.processes;
    assert.match(await unit.stop(), /did not stop within 0.3 s and was killed/);
    assert.equal(isRunning(started!.identity), false);
  });

  test('a stop during back-off starts nothing any more', async () => {
    const events = join(directory, 'halt');
    writeFileSync(events, '');
    const unit = makeUnit('api', [living('api', events)]);
    await unit.start();
    process.kill(unit.processes[0]!.identity.pid, 'SIGKILL');
    await until(() => unit.state === 'waiting');
    await unit.stop();
    await sleep(1_200);
    assert.equal(readFileSync(events, 'utf8').trim(), 'api started');
    assert.deepEqual(unit.processes, []);
  });
});
