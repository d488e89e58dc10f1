import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { CODE } from '../support/paths.js';
import { temporaryDirectory } from '../support/temporary.js';

const home = temporaryDirectory();

function bellwether(...parameters: string[]) {
  return spawnSync(process.execPath, [join(CODE, 'cli/main.js'), ...parameters], {
    encoding: 'utf8',
    env: { ...process.env, BELLWETHER_HOME: home },
  });
}

test('without a running stack, info says so and what to do', () => {
  const { status, stderr } = bellwether('info', '--json');
  assert.equal(status, 1);
  assert.match(stderr, new RegExp(`^✗ no stack runs under ${home}: start one by \`npm run up\``));
});

test('down of nothing is no error', () => {
  const { status, stdout } = bellwether('down');
  assert.equal(status, 0);
  assert.match(stdout, new RegExp(`^nothing runs under ${home}`));
});

test('logs shows the end of a log and knows which there are', () => {
  mkdirSync(join(home, 'log'), { recursive: true });
  writeFileSync(join(home, 'log/writer.log'), '1\n2\n3\n');
  assert.equal(bellwether('logs', 'writer', '-n', '2').stdout, '2\n3\n');
  const wrong = bellwether('logs', '../secrets/store-admin');
  assert.equal(wrong.status, 1);
  assert.match(wrong.stderr, /there are: writer/);
});

test('every command says what it is for', () => {
  const { stdout } = bellwether('--help');
  for (const name of ['up', 'down', 'info', 'status', 'token', 'logs', 'dead-letters', 'demo']) {
    assert.match(stdout, new RegExp(`^ {2}${name}\\b.* {2}\\S`, 'm'));
  }
});

test('an unknown command fails', () => {
  const { status, stderr } = bellwether('upp');
  assert.equal(status, 1);
  assert.match(stderr, /unknown command 'upp'/);
});
