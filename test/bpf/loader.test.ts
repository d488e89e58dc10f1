import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { copyFileSync, existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { LoaderClient, ROOT, whyNoKernelTests } from './loader-client.js';
import * as network from './network.js';
import { testProgram } from './programs.js';
import { sendUdp } from './traffic.js';

const LOADER = join(ROOT, 'bpf/build/bellwether-loader');
const OWN = 'bwbpf-own';

/** Runs the loader to its end. */
function runLoader(args: readonly string[], binary = LOADER, uid?: number): { status: number | null; said: string } {
  const result = spawnSync(binary, args, {
    encoding: 'utf8',
    timeout: 10_000,
    ...(uid === undefined ? {} : { uid, gid: uid }),
  });
  return { status: result.status, said: (result.stdout + result.stderr).trim() };
}

function capabilitiesOf(pid: number): string[] {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  return [...status.matchAll(/^(?:Cap(?:Inh|Prm|Eff|Bnd|Amb)|NoNewPrivs|Uid):\s*(.*)$/gm)].map((m) => m[1] ?? '');
}

function childrenOf(pid: number): number[] {
  return readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(' ').filter(Boolean).map(Number);
}

const skip = whyNoKernelTests() ?? false;

describe('loader', { skip }, () => {
  before(() => network.addNetns(OWN));
  after(() => network.deleteNetns(OWN));

  test('--check says in one line that this kernel can run the probes', () => {
    const { status, said } = runLoader(['--check']);
    assert.equal(status, 0, said);
    assert.match(said, /^kernel \S+ can run the probes$/);
  });

  test('what is wrong is said in one sentence', () => {
    const folder = mkdtempSync(join(tmpdir(), 'bellwether-bpf-'));
    try {
      const copy = join(folder, 'loader');
      copyFileSync(LOADER, copy);
      spawnSync('chmod', ['0755', folder, copy]);
      assert.match(runLoader(['--check'], copy, 65_534).said, /^\S+ error: not root: only root may load the probes$/);
      const contained = spawnSync('setpriv', ['--bounding-set', '-sys_admin,-bpf,-perfmon', LOADER, '--check']);
      assert.match(String(contained.stderr), /^\S+ error: not allowed to load the drops probe: root without .+$/m);
      const at = (path: string): string[] => ['--socket', path, '--uid', '65534', '--gid', '65534', '--log-level', 'error'];
      const unwritable = runLoader(at('/proc/loader.sock'));
      assert.equal(unwritable.status, 1);
      assert.match(unwritable.said, /^\S+ error: cannot write the socket path \/proc\/loader\.sock: .+$/);
      assert.match(runLoader(at('/' + 'x'.repeat(200))).said, /longer than 103 bytes/);
      assert.match(runLoader(['--uid', 'root']).said, /--uid takes a whole number from 0 to \d+, not 'root'/);
      assert.match(runLoader([]).said, /--socket, --uid and --gid are needed/);
      assert.match(runLoader(['now']).said, /'now' is not an option/);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  test('it is an ordinary user without capabilities, and says so', async () => {
    let namer = 0;
    await LoaderClient.with({}, async (loader) => {
      const pid = loader.child.pid ?? 0;
      await loader.settle();
      const none = '0'.repeat(16);
      const user = '65534\t65534\t65534\t65534';
      assert.deepEqual(capabilitiesOf(pid), [user, none, none, none, none, none, '1']);
      namer = childrenOf(pid)[0] ?? 0;
      const two = (1n << 21n) | (1n << 2n); // SYS_ADMIN and DAC_READ_SEARCH
      const kept = two.toString(16).padStart(16, '0');
      assert.deepEqual(capabilitiesOf(namer), [user, none, kept, kept, none, none, '1']);
      assert.match(loader.stderr, /is uid 65534 now, keeps none, gave up .*CAP_BPF/);
      assert.match(loader.stderr, /namer .* keeps CAP_DAC_READ_SEARCH CAP_SYS_ADMIN, to enter/);
      assert.equal(await loader.finish(), 0);
    });
    assert.ok(!existsSync(`/proc/${namer}`), 'the namer ended too');
  });

  test('the reasons are those of the running kernel', () =>
    LoaderClient.with({}, async (loader) => {
      await loader.settle();
      const names = new Set(loader.reasons.values());
      for (const name of ['NO_SOCKET', 'NETFILTER_DROP', 'SOCKET_RCVBUFF', 'NOT_SPECIFIED'])
        assert.ok(names.has(name), name);
      assert.ok(!names.has('MAX') && !names.has('SUBSYS_MASK'));
    }));

  test('namespaces are named: those that exist before the first window, others within 100 ms', () =>
    LoaderClient.with({}, async (loader) => {
      await loader.settle();
      assert.ok(loader.netns.some((netns) => netns.path === `/run/netns/${OWN}`));
      const late = 'bwbpf-late';
      const delays: number[] = [];
      let cookie = 0n;
      try {
        for (let attempt = 0; attempt < 3; attempt++) {
          network.deleteNetns(late);
          network.ip(`netns add ${late}`);
          const begun = Date.now();
          // The same name and often the same inode, but another cookie.
          const newest = () => loader.netns.findLast((netns) => netns.path === `/run/netns/${late}`);
          const isNew = (): boolean => newest()?.gone === 0 && newest()?.netnsCookie !== cookie;
          await loader.until(isNew, 'its name');
          delays.push(Date.now() - begun);
          cookie = newest()?.netnsCookie ?? 0n;
        }
        // The best of three: the others may have waited for a processor.
        assert.ok(Math.min(...delays) < 100, `${delays.join(', ')} ms`);
        network.deleteNetns(late);
        const gone = (): boolean =>
          loader.netns.some((netns) => netns.netnsCookie === cookie && netns.gone === 1);
        await loader.until(gone, 'its end', 500);
      } finally {
        network.deleteNetns(late);
      }
    }));

  test('a directory of namespaces may be made later', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'bellwether-netns-'));
    const deep = join(folder, 'docker/netns');
    const file = join(deep, 'x');
    try {
      await LoaderClient.with({ netnsDirs: [deep] }, async (loader) => {
        network.run('mkdir', ['-p', deep]);
        await sleep(50);
        network.run('touch', [file]);
        network.run('mount', ['--bind', `/run/netns/${OWN}`, file]);
        await loader.until(() => loader.netns.some((netns) => netns.path === file), 'the name', 500);
      });
    } finally {
      network.run('umount', [file]);
      rmSync(folder, { recursive: true });
    }
  });

  test('windows are aligned, adjoin each other, and the last one is sent on SIGTERM', () =>
    LoaderClient.with({ windowMs: 500 }, async (loader) => {
      await loader.until(() => loader.windows.length >= 3, 'three windows');
      const ended = once(loader.child, 'exit');
      const before = loader.windows.length;
      sendUdp(OWN, '127.0.0.1', 9, 5);
      loader.child.kill('SIGTERM');
      await ended;
      await loader.until(() => loader.windows.length > before, 'the last window');
      const windows = loader.windows;
      windows.forEach((window, i) => {
        assert.equal(window.sequence, BigInt(i));
        assert.equal(window.startUnixNs % 500_000_000n, 0n);
        assert.equal(window.endUnixNs - window.startUnixNs, 500_000_000n);
        if (i > 0) assert.equal(window.startUnixNs, windows[i - 1]?.endUnixNs);
        if (i > 0 && i < windows.length - 1) assert.equal(window.observedNs, 500_000_000n);
      });
      const last = windows.at(-1);
      assert.ok((windows[0]?.observedNs ?? 0n) < 500_000_000n && (last?.observedNs ?? 0n) < 500_000_000n);
      const cookie = loader.netns.find((netns) => netns.path.endsWith(OWN))?.netnsCookie ?? 0n;
      assert.deepEqual(loader.packetsOf(cookie, 'NO_SOCKET'), { 'Input/Device': 5 });
      assert.equal(loader.child.exitCode, 0);
    }));

  test('a row that has been idle is freed, and its slot begins from 0 under a new generation', () =>
    LoaderClient.with({ flags: ['--idle-windows', '5', '--drop-slots', '64'] }, async (loader) => {
      const cookie = await loader.cookieOf(OWN);
      const packets = (): bigint[] =>
        [...loader.drops.values()]
          .filter((row) => row.subject.netnsCookie === cookie)
          .map((row) => row.packets);
      sendUdp(OWN, '127.0.0.1', 9, 11);
      await loader.settle();
      assert.deepEqual(packets(), [11n]);
      await sleep(2000);
      sendUdp(OWN, '127.0.0.1', 9, 4);
      await loader.settle();
      assert.deepEqual(packets(), [11n, 4n]);
      // The slot that was freed last is taken first, by whoever drops something on this machine.
      assert.ok([...loader.drops.values()].some((row) => row.generation > 0));
      assert.deepEqual(loader.lossesByName(), {});
    }));

  test('a full table counts what it cannot hold', () =>
    LoaderClient.with({ flags: ['--drop-slots', '1'] }, async (loader) => {
      await loader.settle();
      sendUdp(OWN, '127.0.0.1', 9, 10);
      network.nft(
        OWN,
        'table inet test { chain x { type filter hook input priority 0; udp dport 7777 drop; }; }',
      );
      sendUdp(OWN, '127.0.0.1', 7777, 10);
      network.inside(OWN, 'nft', 'delete', 'table', 'inet', 'test');
      await loader.settle();
      const held = loader.dropsOf().reduce((sum, row) => sum + row.packets, 0);
      const lost = Number(loader.lossesByName()['DropMapFull'] ?? 0n);
      assert.ok(lost >= 10, `${lost} lost, ${held} held`);
    }));

  test('an agent that does not read costs sampled events, which are counted, and no counts', async () => {
    const flood = testProgram('flood');
    const small = ['--drop-slots', '64', '--tcp-slots', '16', '--events-per-second', '1000000'];
    await LoaderClient.with({ flags: small }, async (loader) => {
      const cookie = await loader.cookieOf(OWN);
      loader.pause();
      const sent = Number(network.inside(OWN, flood, '127.0.0.1', '9', '1', '0.5'));
      await sleep(500);
      assert.ok(loader.residentBytes() < 40 * 2 ** 20, `${loader.residentBytes()} bytes`);
      loader.resume();
      await loader.settle();
      assert.deepEqual(loader.packetsOf(cookie, 'NO_SOCKET'), { 'Input/Device': sent });
      const arrived = loader.events.filter((event) => event.subject.netnsCookie === cookie).length;
      const lost = Number(loader.lossesByName()['EventRingFull'] ?? 0n);
      assert.ok(lost > 0, `${sent} sent, ${arrived} events arrived`);
      assert.ok(arrived + lost >= sent, `${arrived} arrived and ${lost} lost of ${sent}`);
      loader.windows.forEach((window, i) => {
        assert.equal(window.startUnixNs, loader.windows[i - 1]?.endUnixNs ?? window.startUnixNs);
      });
    });
  });

  test('it ends when the agent goes away, or says what is no frame', async () => {
    await LoaderClient.with({}, async (deserted) => {
      const ended = once(deserted.child, 'exit');
      deserted.hangUp();
      assert.deepEqual(await ended, [1, null]);
      assert.match(deserted.stderr, /the agent has closed the socket/);
    });
    await LoaderClient.with({}, async (confused) => {
      const ended = once(confused.child, 'exit');
      confused.send(77, new Uint8Array(3));
      assert.deepEqual(await ended, [1, null]);
      assert.match(confused.stderr, /the agent sent a frame of type 77, 3 bytes, version 1/);
    });
  });
});
