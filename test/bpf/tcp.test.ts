import assert from 'node:assert/strict';
import type { ChildProcess } from 'node:child_process';
import { after, before, describe, test } from 'node:test';
import { ConnectError, HistogramKind } from '../../common/wire/frames.gen.js';
import { LoaderClient, whyNoKernelTests } from './loader-client.js';
import * as network from './network.js';
import { connectTcp, startInside } from './traffic.js';

const CLIENT = 'bwbpf-client';
const SERVER = 'bwbpf-server';
const SERVER_ADDRESS = '10.92.0.2';
const PORT = 7070;

const ECHO = `
const server = require('node:net').createServer((s) => { s.on('error', () => 0); s.pipe(s); });
server.listen(${PORT}, () => console.log('listening'));`;

/** So many requests one after the other on one connection. */
const PING_PONG = `
const [host, port, count] = process.argv.slice(1);
const socket = require('node:net').connect(Number(port), host);
socket.setNoDelay(true);
let left = Number(count);
const next = () => (left-- === 0 ? socket.end() : socket.write('x'.repeat(100)));
socket.on('connect', next);
socket.on('data', next);`;

function retransmitsOf(netns: string): number {
  const lines = network.inside(netns, 'cat', '/proc/net/snmp').split('\n');
  const [names, values] = lines.filter((line) => line.startsWith('Tcp:')).map((line) => line.split(' '));
  return Number(values?.[names?.indexOf('RetransSegs') ?? -1]);
}

const skip = whyNoKernelTests() ?? false;

const KERNELS = [
  { name: 'tcp', flags: [] },
  { name: 'tcp, as an older kernel shows it', flags: ['--as-older-kernel'] },
];

for (const { name, flags } of KERNELS) describe(name, { skip }, () => {
  let loader: LoaderClient;
  let server: ChildProcess;
  let client: bigint;
  let serverCookie: bigint;

  before(async () => {
    for (const name of [CLIENT, SERVER]) network.addNetns(name);
    network.join({ netns: CLIENT, device: 'eth0' }, { netns: SERVER, device: 'eth0' });
    network.address(CLIENT, 'eth0', '10.92.0.1/24');
    network.address(SERVER, 'eth0', `${SERVER_ADDRESS}/24`);
    loader = await LoaderClient.start({ flags });
    client = await loader.cookieOf(CLIENT);
    serverCookie = await loader.cookieOf(SERVER);
    server = await startInside(SERVER, ECHO);
  });
  after(async () => {
    server.kill('SIGKILL');
    const lost = loader.lossesByName();
    const code = await loader.finish();
    network.deleteNetns(CLIENT, SERVER);
    assert.deepEqual(lost, {}, 'nothing was lost');
    assert.equal(code, 0, loader.stderr);
  });

  /** Values of a netns, added over its slots. */
  function samples(cookie: bigint, kind: HistogramKind): { count: number; sumNs: number; buckets: number } {
    const total = { count: 0, sumNs: 0, buckets: 0 };
    for (const row of loader.histograms.values()) {
      if (row.subject.netnsCookie !== cookie || row.kind !== kind) continue;
      total.count += Number(row.count);
      total.sumNs += Number(row.sumNs);
      total.buckets += Number(row.zeroCount + row.buckets.reduce((sum, value) => sum + value, 0n));
    }
    return total;
  }

  function failures(cookie: bigint): number[] {
    const total = [0, 0, 0, 0];
    for (const row of loader.tcp.values()) {
      if (row.subject.netnsCookie !== cookie) continue;
      row.connectFailures.forEach((value, i) => (total[i] = (total[i] ?? 0) + Number(value)));
    }
    return total;
  }

  test('connect time: one sample for each connection, on the side that connects', async () => {
    connectTcp(CLIENT, SERVER_ADDRESS, PORT, 40);
    await loader.settle();
    const connects = samples(client, HistogramKind.TcpConnect);
    assert.equal(connects.count, 40);
    assert.equal(connects.buckets, 40);
    const meanMs = connects.sumNs / 40 / 1e6;
    assert.ok(meanMs > 0.001 && meanMs < 50, `${meanMs} ms`);
    assert.equal(samples(serverCookie, HistogramKind.TcpConnect).count, 0);
  });

  test('round trips: about one sample each, on both sides', async () => {
    const earlier = [samples(client, HistogramKind.TcpRtt), samples(serverCookie, HistogramKind.TcpRtt)];
    network.inside(CLIENT, process.execPath, '-e', PING_PONG, SERVER_ADDRESS, String(PORT), '300');
    await loader.settle();
    for (const [i, cookie] of [client, serverCookie].entries()) {
      const now = samples(cookie, HistogramKind.TcpRtt);
      const added = now.count - (earlier[i]?.count ?? 0);
      assert.ok(added >= 290 && added <= 310, `${added} samples of 300 round trips`);
      assert.equal(now.buckets, now.count);
    }
  });

  test('connect failures by what the application is told', async () => {
    const earlier = failures(client);
    connectTcp(CLIENT, SERVER_ADDRESS, 9, 15);
    await loader.settle();
    const refused = failures(client);
    assert.equal((refused[ConnectError.Refused] ?? 0) - (earlier[ConnectError.Refused] ?? 0), 15);

    network.inside(CLIENT, 'sysctl', '-qw', 'net.ipv4.tcp_syn_retries=1', 'net.ipv4.tcp_syn_linear_timeouts=0');
    network.nft(SERVER, 'table inet test { chain x { type filter hook input priority 0; tcp dport 81 drop; tcp dport 82 numgen inc mod 2 == 0 drop; tcp dport 82 reject with icmp type host-unreachable; }; }');
    connectTcp(CLIENT, SERVER_ADDRESS, 81, 1);
    await loader.settle();
    const timedOut = failures(client);
    assert.equal((timedOut[ConnectError.TimedOut] ?? 0) - (refused[ConnectError.TimedOut] ?? 0), 1);

    // The first SYN is lost: an ICMP error that comes while connect() still holds the socket is only
    // noted by the kernel, and the attempt ends as the application's own.
    connectTcp(CLIENT, SERVER_ADDRESS, 82, 1);
    await loader.settle();
    const unreachable = failures(client);
    assert.equal((unreachable[ConnectError.Unreachable] ?? 0) - (timedOut[ConnectError.Unreachable] ?? 0), 1);
    network.inside(SERVER, 'nft', 'delete', 'table', 'inet', 'test');
  });

  test('retransmits, as the kernel’s own counter says', async () => {
    const counted = (): number =>
      [...loader.tcp.values()]
        .filter((row) => row.subject.netnsCookie === client)
        .reduce((sum, row) => sum + Number(row.retransmits), 0);
    await loader.settle();
    const kernelEarlier = retransmitsOf(CLIENT);
    const earlier = counted();
    network.nft(
      SERVER,
      'table inet test { chain x { type filter hook input priority 0; tcp dport 7070 meta length > 90 numgen inc mod 4 == 0 drop; }; }',
    );
    network.inside(CLIENT, process.execPath, '-e', PING_PONG, SERVER_ADDRESS, String(PORT), '12');
    await loader.settle();
    const kernel = retransmitsOf(CLIENT) - kernelEarlier;
    assert.ok(kernel >= 2, `${kernel} retransmits`);
    assert.equal(counted() - earlier, kernel);
    network.inside(SERVER, 'nft', 'delete', 'table', 'inet', 'test');
  });

  test('a prefix of the local address is part of the subject', async () => {
    const address = Uint8Array.from([0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 255, 255, 10, 92, 0, 1]);
    loader.setPrefixes([{ id: 3, prefixLength: 128, address }]);
    await loader.settle();
    connectTcp(CLIENT, SERVER_ADDRESS, PORT, 6);
    await loader.settle();
    const rows = [...loader.histograms.values()].filter(
      (row) => row.subject.prefixId === 3 && row.kind === HistogramKind.TcpConnect,
    );
    assert.deepEqual(
      rows.map((row) => [row.subject.netnsCookie, row.count]),
      [[client, 6n]],
    );
  });
});
