import assert from 'node:assert/strict';
import { mkdir, mkdtemp, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { Attributor } from '../../../ingest/attribute/attributor.js';
import { Cgroups, cgroup2Mount } from '../../../ingest/attribute/cgroups.js';
import { parsePrefix } from '../../../ingest/attribute/prefix.js';
import { PrefixTable } from '../../../ingest/attribute/prefix-table.js';
import { parseOwnersFile, type Rule } from '../../../ingest/attribute/rules.js';
import { silentLog } from '../fakes.js';
import { HOST_COOKIE, subject } from '../frames.js';

type Draft = Record<string, string>;
const rulesOf = (...drafts: Draft[]): Rule[] =>
  parseOwnersFile('test.json', JSON.stringify({ rules: drafts }));

class Scene {
  readonly attributor: Attributor;
  devices: string[] | undefined = [];
  constructor(cgroups = new Cgroups(silentLog, '/nonexistent')) {
    this.attributor = new Attributor({ cgroups, devices: () => Promise.resolve(this.devices) });
    this.attributor.setHost(HOST_COOKIE);
  }
  rules(window: number, ...drafts: Draft[]): void {
    this.attributor.setRules(rulesOf(...drafts), window);
  }
  netns(path: string, netnsCookie: bigint, window: number, gone = 0): void {
    this.attributor.namespaces.observe({ path, netnsCookie, netnsInode: 1, gone }, window);
  }
  /** customer/app by kind of rule, as a window's end would ask. */
  async of(window: number, of: Parameters<typeof subject>[0]): Promise<string> {
    await this.attributor.prepare([subject(of)], window);
    const { owner, by, contested } = this.attributor.of(subject(of));
    return contested ? 'contested' : `${owner.customer}/${owner.app} ${by}`;
  }
}
const NOBODY = '/ none';

describe('attribution by namespace', () => {
  test('by cookie, whether the rule says a name or a path, and whichever came first', async () => {
    const scene = new Scene();
    scene.rules(
      0,
      { customer: 'acme', app: 'web', netns: 'acme' },
      { customer: 'globex', netns: '/run/netns/globex' },
    );
    assert.equal(await scene.of(0, { netnsCookie: 7n }), NOBODY);
    scene.netns('/var/run/netns/acme', 7n, 0);
    scene.netns('/run/netns/globex', 8n, 0);
    assert.equal(await scene.of(0, { netnsCookie: 7n }), 'acme/web netns');
    assert.equal(await scene.of(0, { netnsCookie: 8n }), 'globex/ netns');
    assert.equal(await scene.of(0, { netnsCookie: 9n }), NOBODY);
  });

  test('a namespace that went keeps its owner for that window and the next, and its name no longer', async () => {
    const scene = new Scene();
    scene.rules(0, { customer: 'acme', app: 'web', netns: 'acme' });
    scene.netns('/run/netns/acme', 7n, 0);
    scene.netns('/run/netns/acme', 7n, 3, 1);
    scene.netns('/run/netns/acme', 8n, 3);
    for (const window of [3, 4]) {
      assert.equal(await scene.of(window, { netnsCookie: 7n }), 'acme/web netns');
      assert.equal(await scene.of(window, { netnsCookie: 8n }), 'acme/web netns');
    }
    assert.equal(await scene.of(5, { netnsCookie: 7n }), NOBODY);
    assert.equal(scene.attributor.namespaces.size, 1);
  });

  test('two customers claim it: nobody has it, it is said, and no lower rule decides instead', async () => {
    const scene = new Scene();
    scene.rules(
      0,
      { customer: 'acme', netns: 'x' },
      { customer: 'globex', netns: '/run/netns/x' },
      { customer: 'initech', prefix: '10.0.0.0/8' },
    );
    scene.netns('/run/netns/x', 7n, 0);
    assert.equal(await scene.of(0, { netnsCookie: 7n, prefixId: 1 }), 'contested');
    assert.match(scene.attributor.conflicts.join(), /netns \/run\/netns\/x is claimed by acme .* and globex/);
    // Silence of theirs would not be zero.
    assert.deepEqual(scene.attributor.customers(), ['initech']);
  });

  test('two names of one namespace, each with another customer: contested', async () => {
    const scene = new Scene();
    scene.rules(0, { customer: 'acme', netns: 'a' }, { customer: 'globex', netns: 'b' });
    scene.netns('/run/netns/a', 7n, 0);
    scene.netns('/run/netns/b', 7n, 0);
    assert.equal(await scene.of(0, { netnsCookie: 7n }), 'contested');
  });

  for (const order of ['loses its name, then gains', 'gains a name, then loses the old']) {
    test(`a namespace that ${order}: contested for that window, then the new name's`, async () => {
      const scene = new Scene();
      scene.rules(0, { customer: 'acme', netns: 'acme' }, { customer: 'globex', netns: 'globex' });
      scene.netns('/run/netns/acme', 7n, 0);
      assert.equal(await scene.of(2, { netnsCookie: 7n }), 'acme/ netns');
      const lose = () => scene.netns('/run/netns/acme', 7n, 3, 1);
      const gain = () => scene.netns('/run/netns/globex', 7n, 3);
      for (const step of order.startsWith('loses') ? [lose, gain] : [gain, lose]) step();
      assert.equal(await scene.of(3, { netnsCookie: 7n }), 'contested');
      assert.equal(scene.attributor.namespaces.isPresent('/run/netns/acme'), false);
      assert.equal(await scene.of(4, { netnsCookie: 7n }), 'globex/ netns');
    });
  }

  test('a namespace that loses one of two names: both count for that window, then the one it has', async () => {
    const scene = new Scene();
    scene.rules(0, { customer: 'acme', netns: 'a' }, { customer: 'globex', netns: 'b' });
    scene.netns('/run/netns/a', 7n, 0);
    scene.netns('/run/netns/b', 7n, 0);
    scene.netns('/run/netns/a', 7n, 3, 1);
    assert.equal(await scene.of(3, { netnsCookie: 7n }), 'contested');
    scene.netns('/run/netns/b', 7n, 4, 1);
    for (const window of [4, 5]) assert.equal(await scene.of(window, { netnsCookie: 7n }), 'globex/ netns');
    assert.equal(await scene.of(6, { netnsCookie: 7n }), NOBODY);
    assert.equal(scene.attributor.namespaces.size, 0);
  });

  test('a new name in the window after the last one went: that window is nobody’s', async () => {
    const scene = new Scene();
    scene.rules(0, { customer: 'acme', netns: 'acme' }, { customer: 'globex', netns: 'globex' });
    scene.netns('/run/netns/acme', 7n, 0);
    scene.netns('/run/netns/acme', 7n, 3, 1);
    assert.equal(await scene.of(3, { netnsCookie: 7n }), 'acme/ netns');
    scene.netns('/run/netns/globex', 7n, 4);
    assert.equal(await scene.of(4, { netnsCookie: 7n }), 'contested');
    assert.equal(await scene.of(5, { netnsCookie: 7n }), 'globex/ netns');
  });

  test('one customer with two apps: the customer is sure, the app is left empty', async () => {
    const scene = new Scene();
    scene.rules(0, { customer: 'acme', app: 'web', netns: 'a' }, { customer: 'acme', app: 'db', netns: 'a' });
    scene.netns('/run/netns/a', 7n, 0);
    assert.equal(await scene.of(0, { netnsCookie: 7n }), 'acme/ netns');
  });
});

describe('rules that change within a window', () => {
  test('a new rule counts for the window under way, an old one too, and then no longer', async () => {
    const scene = new Scene();
    scene.rules(0);
    scene.netns('/run/netns/a', 7n, 0);
    scene.rules(2, { customer: 'acme', netns: 'a' });
    assert.equal(await scene.of(2, { netnsCookie: 7n }), 'acme/ netns');
    scene.rules(3);
    assert.equal(await scene.of(3, { netnsCookie: 7n }), 'acme/ netns');
    assert.equal(await scene.of(4, { netnsCookie: 7n }), NOBODY);
  });

  test('from one customer to another: that window is nobody’s', async () => {
    const scene = new Scene();
    scene.netns('/run/netns/a', 7n, 0);
    scene.rules(0, { customer: 'acme', netns: 'a' });
    assert.equal(await scene.of(0, { netnsCookie: 7n }), 'acme/ netns');
    scene.rules(1, { customer: 'globex', netns: 'a' });
    assert.equal(await scene.of(1, { netnsCookie: 7n }), 'contested');
    assert.equal(await scene.of(2, { netnsCookie: 7n }), 'globex/ netns');
  });
});

describe('attribution by device and prefix', () => {
  test("a device's name counts only in the host's namespace", async () => {
    const scene = new Scene();
    scene.rules(0, { customer: 'acme', ifname: 'tap-acme*' });
    assert.equal(await scene.of(0, { netnsCookie: HOST_COOKIE, ifname: 'tap-acme0' }), 'acme/ ifname');
    assert.equal(await scene.of(0, { netnsCookie: 99n, ifname: 'tap-acme0' }), NOBODY);
    assert.equal(await scene.of(0, { netnsCookie: HOST_COOKIE, ifname: 'eth0' }), NOBODY);
  });

  test("a prefix counts only in the host's namespace, or where no namespace is known", async () => {
    const scene = new Scene();
    scene.rules(0, { customer: 'acme', prefix: '10.0.0.0/8' });
    assert.equal(await scene.of(0, { netnsCookie: HOST_COOKIE, prefixId: 1 }), 'acme/ prefix');
    assert.equal(await scene.of(0, { netnsCookie: 0n, prefixId: 1 }), 'acme/ prefix');
    assert.equal(await scene.of(0, { netnsCookie: 99n, prefixId: 1 }), NOBODY);
  });

  test('the order is namespace, device, prefix', async () => {
    const scene = new Scene();
    scene.rules(
      0,
      { customer: 'byprefix', prefix: '10.0.0.0/8' },
      { customer: 'bydevice', ifname: 'veth0' },
      { customer: 'bynetns', netns: 'a' },
    );
    scene.netns('/run/netns/a', HOST_COOKIE, 0);
    const all = { netnsCookie: HOST_COOKIE, ifname: 'veth0', prefixId: 1 };
    assert.equal(await scene.of(0, all), 'bynetns/ netns');
    scene.netns('/run/netns/a', HOST_COOKIE, 0, 1);
    assert.equal(await scene.of(5, all), 'bydevice/ ifname');
    assert.equal(await scene.of(5, { prefixId: 1 }), 'byprefix/ prefix');
    assert.equal(await scene.of(5, { prefixId: 2 }), NOBODY);
  });

  test('customers: those whose rule is in force here', async () => {
    const scene = new Scene();
    scene.rules(
      0,
      { customer: 'absent', netns: 'nowhere' },
      { customer: 'present', netns: 'a' },
      { customer: 'device', ifname: 'tap*' },
      { customer: 'nodevice', ifname: 'tun*' },
      { customer: 'prefix', prefix: '10.0.0.0/8' },
      { customer: 'cgroup', cgroup: '/nowhere' },
    );
    scene.netns('/run/netns/a', 7n, 0);
    scene.devices = ['lo', 'tap3'];
    await scene.of(0, {});
    assert.deepEqual(scene.attributor.customers(), ['device', 'prefix', 'present']);
    scene.netns('/run/netns/a', 7n, 0, 1);
    scene.devices = undefined;
    await scene.of(0, {});
    assert.deepEqual(scene.attributor.customers(), ['device', 'nodevice', 'prefix']);
  });
});

describe('the numbers of prefixes', () => {
  const prefixes = (...texts: string[]) =>
    texts.map((text) => {
      const prefix = parsePrefix(text);
      assert.ok(typeof prefix !== 'string');
      return prefix;
    });

  test('a prefix keeps its number; a number is not used again while a window may still carry it', () => {
    const table = new PrefixTable();
    table.assign(prefixes('10.0.0.0/8', '10.1.0.0/16'), 0);
    assert.equal(table.textOf(2), '10.1.0.0/16');
    table.assign(prefixes('10.1.0.0/16', '192.168.0.0/16'), 5);
    assert.equal(table.textOf(1), '10.0.0.0/8');
    assert.equal(table.textOf(2), '10.1.0.0/16');
    assert.equal(table.textOf(3), '192.168.0.0/16');
    assert.equal(table.frames().length, 3);
    table.assign(prefixes('10.1.0.0/16', '172.16.0.0/12'), 7);
    assert.equal(table.textOf(1), '172.16.0.0/12');
  });

  test('whatever changes: no number ever names two prefixes within two windows', () => {
    const pool = ['10.0.0.0/8', '10.1.0.0/16', '10.2.0.0/16', '10.3.0.0/16', '2001:db8::/32'];
    const change = fc.record({ later: fc.nat(3), chosen: fc.subarray(pool) });
    fc.assert(
      fc.property(fc.array(change, { maxLength: 20 }), (changes) => {
        const table = new PrefixTable();
        /** By number: the prefix, and the last window in which the loader may have used it. */
        const used = new Map<number, { text: string; window: number }>();
        let inForce: number[] = [];
        let window = 0;
        for (const { later, chosen } of changes) {
          window += later;
          for (const id of inForce) used.get(id)!.window = window;
          assert.equal(table.assign(prefixes(...chosen), window), 0);
          assert.equal(table.frames().length, chosen.length + 1);
          inForce = Array.from({ length: 20 }, (_, i) => i + 1).filter((id) =>
            chosen.includes(table.textOf(id) ?? ''),
          );
          for (const id of inForce) {
            const text = table.textOf(id)!;
            const before = used.get(id);
            if (before !== undefined && before.text !== text) assert.ok(window - before.window >= 2);
            used.set(id, { text, window });
          }
        }
      }),
    );
  });
});

describe('attribution by cgroup', () => {
  test('finds the v2 mount, also beside v1', () => {
    const line = (type: string, at: string) => `29 23 0:26 / ${at} rw,relatime shared:4 - ${type} ${type} rw`;
    const hybrid = [line('cgroup', '/sys/fs/cgroup/cpu'), line('cgroup2', '/sys/fs/cgroup/unified')].join(
      '\n',
    );
    assert.equal(cgroup2Mount(hybrid), '/sys/fs/cgroup/unified');
    assert.equal(cgroup2Mount(line('cgroup', '/sys/fs/cgroup/cpu')), undefined);
  });

  test('by the inode of the directory; a rule covers what lies below; the deepest wins; the mount may be written', async () => {
    const mount = await mkdtemp(join(tmpdir(), 'bellwether-cgroup-'));
    try {
      const mountinfo = join(mount, 'mountinfo');
      await mkdir(join(mount, 'acme', 'web', 'worker'), { recursive: true });
      await mkdir(join(mount, 'acme', 'db'));
      await mkdir(join(mount, 'other'));
      await writeFile(mountinfo, `29 23 0:26 / ${mount} rw - cgroup2 cgroup2 rw\n`);
      const cgroups = new Cgroups(silentLog, mountinfo);
      await cgroups.start();
      const scene = new Scene(cgroups);
      scene.rules(
        0,
        { customer: 'acme', cgroup: `${mount}/acme` },
        { customer: 'acme', app: 'web', cgroup: '/acme/w*' },
        { customer: 'absent', cgroup: '/nowhere' },
      );
      const id = async (path: string) => (await stat(join(mount, path), { bigint: true })).ino;
      assert.equal(await scene.of(0, { cgroupId: await id('acme/web/worker') }), 'acme/web cgroup');
      assert.equal(await scene.of(0, { cgroupId: await id('acme/db') }), 'acme/ cgroup');
      assert.equal(await scene.of(0, { cgroupId: await id('other') }), NOBODY);
      assert.deepEqual(scene.attributor.customers(), ['acme']);
      // A cgroup that is made later is looked for when it is first met.
      await mkdir(join(mount, 'acme', 'web2'));
      assert.equal(await scene.of(1, { cgroupId: await id('acme/web2') }), 'acme/web cgroup');
    } finally {
      await rm(mount, { recursive: true });
    }
  });
});
