import assert from 'node:assert/strict';
import { createServer } from 'node:net';
import { once } from 'node:events';
import { test } from 'node:test';
import { createBackoff } from '../../../embedded/supervisor/backoff.js';
import { checkPorts, portVariable } from '../../../embedded/supervisor/machine.js';
import { metricTotal } from '../../../embedded/supervisor/metrics-text.js';
import { parseUpOptions } from '../../../embedded/supervisor/options.js';
import { statusText } from '../../../embedded/supervisor/status.js';
import { createTerminal } from '../../../embedded/supervisor/terminal.js';

test('back-off doubles from 1 s to 30 s and begins anew after a healthy minute', () => {
  const backoff = createBackoff();
  const waits = [0, 0, 0, 0, 0, 0, 0].map((healthy) => backoff.next(healthy));
  assert.deepEqual(waits, [1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000]);
  assert.equal(backoff.next(59_999), 30_000);
  assert.equal(backoff.next(60_000), 1_000);
  assert.equal(backoff.next(0), 2_000);
});

test('a taken port is named with the variable that moves it', async () => {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  assert.ok(address !== null && typeof address === 'object');
  await assert.rejects(checkPorts('127.0.0.1', { kafkaController: address.port }), {
    code: 'setup_failed',
    message: new RegExp(`port ${String(address.port)} .*set BELLWETHER_KAFKA_CONTROLLER_PORT`),
  });
  server.close();
  await once(server, 'close');
  await checkPorts('127.0.0.1', { kafkaController: address.port });
  assert.equal(portVariable('api'), 'BELLWETHER_API_PORT');
});

test('metricTotal adds label sets, and what is missing is not 0', () => {
  const text = '# HELP lag x\nlag{partition="0"} 3\nlag{partition="1"} 4 1700000000\nlag_other 100\nup 1\n';
  assert.equal(metricTotal(text, 'lag'), 7);
  assert.equal(metricTotal(text, 'up'), 1);
  assert.equal(metricTotal(text, 'down'), undefined);
});

test('options: what is unknown is refused with the usage', () => {
  assert.deepEqual(parseUpOptions(['--demo', '--no-agent']), {
    help: false,
    demo: true,
    detach: false,
    replay: undefined,
    agent: false,
    writer: true,
    rollup: true,
    receiver: true,
    api: true,
  });
  assert.throws(() => parseUpOptions(['--dmeo']), {
    code: 'config_invalid',
    message: /--dmeo[\s\S]*--detach/,
  });
  assert.throws(() => parseUpOptions(['--replay', '/nowhere/x']), {
    message: /there is no file \/nowhere\/x/,
  });
});

test('the status line shows what is not known as ?, not as 0', () => {
  const nothing = {
    pointsPerSecond: undefined,
    dropsPerSecond: undefined,
    lagMessages: undefined,
    freshSeconds: undefined,
  };
  assert.equal(statusText(nothing), '? points/s · ? drops/s · lag ? messages · the store does not answer');
  const flow = { pointsPerSecond: 12.34, dropsPerSecond: 0, lagMessages: 0, freshSeconds: 3.4 };
  assert.equal(statusText(flow), '12.3 points/s · 0.0 drops/s · lag 0 messages · fresh to 3 s ago');
  assert.match(statusText({ ...flow, freshSeconds: undefined }), /nothing stored yet$/);
});

test('the live line gives way to what is said and is drawn again below it', () => {
  let screen = '';
  const terminal = createTerminal(
    { isTTY: true, columns: 40, write: (text: string) => (screen += text) },
    () => 0,
  );
  terminal.live('8 parts');
  terminal.say('store is back');
  assert.equal(screen, '\r\u001b[2K8 parts\r\u001b[2K[   0.0 s] store is back\n8 parts');
  screen = '';
  terminal.live('x'.repeat(100));
  assert.equal(screen.length, '\r\u001b[2K'.length + 39);
});

test('into a file the live line is printed every 10 s', () => {
  const lines: string[] = [];
  let now = 0;
  const terminal = createTerminal({ write: (text: string) => lines.push(text) }, () => now);
  for (now = 0; now <= 20_000; now += 2_000) terminal.live(`at ${String(now)}`);
  assert.deepEqual(lines, ['at 0\n', 'at 10000\n', 'at 20000\n']);
});
