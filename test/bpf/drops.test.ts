import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { LoaderClient, whyNoKernelTests } from './loader-client.js';
import * as network from './network.js';
import { connectTcp, sendUdp, startInside } from './traffic.js';

const SENDER = 'bwbpf-sender';
const ROUTER = 'bwbpf-router';
const RECEIVER = 'bwbpf-receiver';
const RECEIVER_ADDRESS = '10.91.2.2';
const RECEIVER_IPV6 = 'fd00:91:2::2';

function makeNetwork(): void {
  for (const name of [SENDER, ROUTER, RECEIVER]) network.addNetns(name);
  network.inside(ROUTER, 'sysctl', '-qw', 'net.ipv4.ip_forward=1');
  network.join({ netns: SENDER, device: 'eth0' }, { netns: ROUTER, device: 'left' });
  network.join({ netns: RECEIVER, device: 'eth0' }, { netns: ROUTER, device: 'right' });
  network.address(SENDER, 'eth0', '10.91.1.2/24');
  network.address(ROUTER, 'left', '10.91.1.1/24');
  network.address(ROUTER, 'right', '10.91.2.1/24');
  network.address(RECEIVER, 'eth0', `${RECEIVER_ADDRESS}/24`);
  network.ip(`-n ${SENDER} route add default via 10.91.1.1`);
  network.ip(`-n ${RECEIVER} route add default via 10.91.2.1`);
}

function addIpv6(): void {
  for (const netns of [SENDER, ROUTER, RECEIVER]) {
    network.inside(netns, 'sysctl', '-qw', 'net.ipv6.conf.all.disable_ipv6=0');
    network.inside(netns, 'sysctl', '-qw', 'net.ipv6.conf.all.forwarding=1');
  }
  network.ip(`-n ${SENDER} addr add fd00:91:1::2/64 dev eth0 nodad`);
  network.ip(`-n ${ROUTER} addr add fd00:91:1::1/64 dev left nodad`);
  network.ip(`-n ${ROUTER} addr add fd00:91:2::1/64 dev right nodad`);
  network.ip(`-n ${RECEIVER} addr add ${RECEIVER_IPV6}/64 dev eth0 nodad`);
  network.ip(`-n ${SENDER} route add default via fd00:91:1::1`);
  network.ip(`-n ${RECEIVER} route add default via fd00:91:2::1`);
}

const skip = whyNoKernelTests() ?? false;

/** Kernels before 6.11 do not say which socket was to receive a packet; ours can leave that out. */
const KERNELS = [
  { name: 'drops', flags: [], receiver: 'Socket/RxSocket' },
  { name: 'drops, as an older kernel shows them', flags: ['--as-older-kernel'], receiver: 'Socket/Device' },
];

for (const { name, flags, receiver } of KERNELS) describe(name, { skip }, () => {
  let loader: LoaderClient;
  let cookies: { sender: bigint; router: bigint; receiver: bigint };

  before(async () => {
    makeNetwork();
    addIpv6();
    loader = await LoaderClient.start({ flags });
    cookies = {
      sender: await loader.cookieOf(SENDER),
      router: await loader.cookieOf(ROUTER),
      receiver: await loader.cookieOf(RECEIVER),
    };
  });
  after(async () => {
    const lost = loader.lossesByName();
    const code = await loader.finish();
    network.deleteNetns(SENDER, ROUTER, RECEIVER);
    assert.deepEqual(lost, {}, 'nothing was lost');
    assert.equal(code, 0, loader.stderr);
  });

  /** What `action` adds for a reason, by netns: `{ receiver: { 'Input/Device': 50 } }`. */
  async function added(reason: string, action: () => unknown): Promise<Record<string, unknown>> {
    await loader.settle();
    const count = (): Record<string, Record<string, number>> =>
      Object.fromEntries(
        Object.entries(cookies).map(([name, cookie]) => [name, loader.packetsOf(cookie, reason)]),
      );
    const earlier = count();
    await action();
    await loader.settle();
    const grown: Record<string, Record<string, number>> = {};
    for (const [name, counts] of Object.entries(count())) {
      for (const [key, packets] of Object.entries(counts)) {
        const more = packets - (earlier[name]?.[key] ?? 0);
        if (more > 0) (grown[name] ??= {})[key] = more;
      }
    }
    return grown;
  }

  /** Drops `count` datagrams by an nft rule in `netns` and compares with nft's own counter. */
  async function byFilter(netns: string, hook: string, send: () => void, match = 'udp dport 7777') {
    network.nft(
      netns,
      `table inet test { counter c { }; chain x { type filter hook ${hook} priority 0; ${match} counter name c drop; }; }`,
    );
    try {
      const grown = await added('NETFILTER_DROP', send);
      return { grown, nft: network.nftCounter(netns, 'test', 'c') };
    } finally {
      network.inside(netns, 'nft', 'delete', 'table', 'inet', 'test');
    }
  }

  const send70 = (): void => {
    try {
      sendUdp(SENDER, RECEIVER_ADDRESS, 7777, 70);
    } catch {
      // an output rule makes send() fail with EPERM
    }
  };

  test('UDP to a closed port: the receiver, at input', async () => {
    const grown = await added('NO_SOCKET', () => {
      sendUdp(SENDER, RECEIVER_ADDRESS, 9, 50);
    });
    assert.deepEqual(grown, { receiver: { 'Input/Device': 50 } });
  });

  test('TCP to a closed port: the receiver, at input', async () => {
    const grown = await added('NO_SOCKET', () => {
      connectTcp(SENDER, RECEIVER_ADDRESS, 9, 20);
    });
    assert.deepEqual(grown, { receiver: { 'Input/Device': 20 } });
  });

  test('nft drop in each hook: whose netns it is, at its place', async () => {
    assert.deepEqual(await byFilter(RECEIVER, 'input', send70), {
      grown: { receiver: { 'Input/Device': 70 } },
      nft: 70,
    });
    assert.deepEqual(await byFilter(RECEIVER, 'prerouting', send70), {
      grown: { receiver: { 'Prerouting/Device': 70 } },
      nft: 70,
    });
    assert.deepEqual(await byFilter(ROUTER, 'forward', send70), {
      grown: { router: { 'Forward/Device': 70 } },
      nft: 70,
    });
    assert.deepEqual(await byFilter(ROUTER, 'postrouting', send70), {
      grown: { router: { 'Postrouting/Device': 70 } },
      nft: 70,
    });
    assert.deepEqual(await byFilter(SENDER, 'output', send70), {
      grown: { sender: { 'Output/Socket': 70 } },
      nft: 70,
    });
  });

  test('forward and postrouting are charged to the device that the packet came in by', () => {
    const left = Number(network.inside(ROUTER, 'cat', '/sys/class/net/left/ifindex'));
    const rows = loader.dropsOf(cookies.router).filter((row) => row.reason === 'NETFILTER_DROP');
    assert.deepEqual(
      rows.map(({ place, ifindex, ifname }) => ({ place, ifindex, ifname })),
      [
        { place: 'Forward', ifindex: left, ifname: 'left' },
        // in a foreign netns nobody can ask for the name of a device that the packet is not at
        { place: 'Postrouting', ifindex: left, ifname: '' },
      ],
    );
  });

  test('before ip_rcv a packet still has its sender’s socket, and the receiver is charged all the same', async () => {
    network.nft(
      RECEIVER,
      'table netdev test { chain x { type filter hook ingress device "eth0" priority 0; udp dport 7777 drop; }; }',
    );
    try {
      // From its neighbour, because each ip_rcv on the way takes the socket off.
      const send = (): void => sendUdp(ROUTER, RECEIVER_ADDRESS, 7777, 70);
      assert.deepEqual(await added('NETFILTER_DROP', send), { receiver: { 'DeviceRx/Device': 70 } });
      const row = loader
        .dropsOf(cookies.receiver)
        .find((count) => count.place === 'DeviceRx' && count.reason === 'NETFILTER_DROP');
      assert.equal(row?.cgroupId, 0n, 'not the cgroup of the sender');
    } finally {
      network.inside(RECEIVER, 'nft', 'delete', 'table', 'netdev', 'test');
    }
  });

  test('a full receive buffer: the receiving socket, as the kernel’s own counter says', async () => {
    const errors = (): number => {
      const lines = network.inside(RECEIVER, 'cat', '/proc/net/snmp').split('\n');
      const [names, values] = lines.filter((line) => line.startsWith('Udp:')).map((line) => line.split(' '));
      return Number(values?.[names?.indexOf('RcvbufErrors') ?? -1]);
    };
    const deaf = await startInside(
      RECEIVER,
      `const s = require('node:dgram').createSocket('udp4');
       s.bind(7778, () => { s.setRecvBufferSize(4096); console.log('bound'); for (;;) {} });`,
    );
    try {
      const earlier = errors();
      const grown = await added('SOCKET_RCVBUFF', () => {
        sendUdp(SENDER, RECEIVER_ADDRESS, 7778, 200, { bytes: 1000 });
      });
      const full = errors() - earlier;
      assert.ok(full > 100, `${full} of 200`);
      assert.deepEqual(grown, { receiver: { [receiver]: full } });
    } finally {
      deaf.kill('SIGKILL');
    }
  });

  test('no route and TTL expired: the router, by the device that they came in by', async () => {
    assert.deepEqual(await added('IP_INNOROUTES', () => sendUdp(SENDER, '10.99.9.9', 9, 30)), {
      router: { 'Forward/Device': 30 },
    });
    assert.deepEqual(
      await added('IP_INHDR', () => sendUdp(SENDER, RECEIVER_ADDRESS, 9, 25, { ttl: 1 })),
      { router: { 'Forward/Device': 25 } },
    );
  });

  test('a queueing discipline: the sender, as tc’s own counter says', async () => {
    network.inside(SENDER, ...'tc qdisc add dev eth0 root tbf rate 8kbit burst 1600 limit 3000'.split(' ') as [string, ...string[]]);
    try {
      const grown = await added('QDISC_DROP', () => sendUdp(SENDER, RECEIVER_ADDRESS, 9, 60, { bytes: 900 }));
      const dropped = Number(/dropped (\d+)/.exec(network.inside(SENDER, 'tc', '-s', 'qdisc', 'show', 'dev', 'eth0'))?.[1]);
      assert.ok(dropped > 40, `${dropped} of 60`);
      assert.deepEqual(grown, { sender: { 'Qdisc/Device': dropped } });
    } finally {
      network.inside(SENDER, 'tc', 'qdisc', 'del', 'dev', 'eth0', 'root');
    }
  });

  test('loopback: what leaves is at output, what arrives at input', async () => {
    assert.deepEqual(await added('NO_SOCKET', () => sendUdp(SENDER, '127.0.0.1', 9, 12)), {
      sender: { 'Input/Device': 12 },
    });
    const toLoopback = (): void => {
      try {
        sendUdp(SENDER, '127.0.0.1', 7777, 13);
      } catch {
        // EPERM
      }
    };
    assert.deepEqual(await byFilter(SENDER, 'output', toLoopback), {
      grown: { sender: { 'Output/Socket': 13 } },
      nft: 13,
    });
    assert.deepEqual(await byFilter(SENDER, 'input', toLoopback), {
      grown: { sender: { 'Input/Device': 13 } },
      nft: 13,
    });
  });

  test('IPv6 has the same places', async () => {
    const send = (): void => {
      try {
        sendUdp(SENDER, RECEIVER_IPV6, 7777, 40);
      } catch {
        // EPERM
      }
    };
    assert.deepEqual(await added('NO_SOCKET', send), { receiver: { 'Input/Device': 40 } });
    assert.deepEqual((await byFilter(RECEIVER, 'input', send)).grown, { receiver: { 'Input/Device': 40 } });
    assert.deepEqual((await byFilter(ROUTER, 'forward', send)).grown, { router: { 'Forward/Device': 40 } });
    assert.deepEqual((await byFilter(ROUTER, 'postrouting', send)).grown, {
      router: { 'Postrouting/Device': 40 },
    });
    assert.deepEqual((await byFilter(SENDER, 'output', send)).grown, { sender: { 'Output/Socket': 40 } });
  });

  test('what AF_UNIX frees is no packet', async () => {
    await loader.settle();
    const all = (): number => loader.dropsOf(cookies.receiver).reduce((sum, row) => sum + row.packets, 0);
    const earlier = all();
    network.inside(
      RECEIVER,
      process.execPath,
      '-e',
      `const net = require('node:net');
       const server = net.createServer({ pauseOnConnect: true }, (s) => setTimeout(() => { s.destroy(); server.close(); }, 50));
       server.listen('\\0bellwether-test', () => { const c = net.connect('\\0bellwether-test'); c.write('x'.repeat(5000)); c.on('error', () => 0); });`,
    );
    await loader.settle();
    assert.equal(all(), earlier);
  });

  test('a sampled event carries the packet’s addresses and ports', async () => {
    await loader.settle();
    loader.events.length = 0;
    sendUdp(SENDER, RECEIVER_ADDRESS, 4711, 500);
    await loader.settle();
    const events = loader.events.filter((event) => event.destinationPort === 4711);
    assert.ok(events.length > 0 && events.length <= 10 * (loader.hello?.cpus ?? 0) * 3, `${events.length}`);
    const [event] = events;
    assert.ok(event);
    assert.equal(loader.reasons.get(event.reason), 'NO_SOCKET');
    assert.equal(event.subject.netnsCookie, cookies.receiver);
    assert.equal(event.subject.ifname, 'eth0');
    assert.equal(event.ipVersion, 4);
    assert.equal(event.protocol, 17);
    assert.deepEqual([...event.sourceAddress.slice(10)], [255, 255, 10, 91, 1, 2]);
    assert.deepEqual([...event.destinationAddress.slice(10)], [255, 255, 10, 91, 2, 2]);
    const ageMs = Date.now() - Number(event.timeUnixNs / 1_000_000n);
    assert.ok(ageMs >= 0 && ageMs < 5000, `${ageMs} ms old`);
  });

  test('the host’s own drops carry the longest prefix, until it is taken back', async () => {
    const host = loader.hello?.hostNetnsCookie ?? 0n;
    const loopback = (last: number): Uint8Array =>
      Uint8Array.from([0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 255, 255, 127, 9, 9, last]);
    const send = async (): Promise<Record<number, number>> => {
      const sum = (): Map<number, number> =>
        new Map(loader.dropsOf(host).map((row) => [row.prefixId, row.packets]));
      await loader.settle();
      const earlier = sum();
      network.run(process.execPath, [
        '-e',
        `const s = require('node:dgram').createSocket('udp4');
         s.bind(0, '127.9.9.8', () => { let n = 0; const go = () => n++ < 15 ? s.send('x', 9, '127.9.9.7', go) : s.close(); go(); });`,
      ]);
      await loader.settle();
      return Object.fromEntries(
        [...sum()].map(([id, packets]) => [id, packets - (earlier.get(id) ?? 0)] as const).filter(([id]) => id > 0),
      );
    };
    loader.setPrefixes([
      { id: 5, prefixLength: 120, address: loopback(0) },
      { id: 7, prefixLength: 128, address: loopback(7) },
      { id: 8, prefixLength: 128, address: loopback(8) },
    ]);
    assert.deepEqual(await send(), { 7: 15 });
    loader.setPrefixes([{ id: 9, prefixLength: 120, address: loopback(0) }]);
    assert.deepEqual(await send(), { 7: 0, 9: 15 });
    loader.setPrefixes([]);
    assert.deepEqual(await send(), { 7: 0, 9: 0 });
  });
});
