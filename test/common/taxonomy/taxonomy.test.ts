import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { describe, test } from 'node:test';
import {
  CAUSES,
  classify,
  faultOf,
  isCause,
  isFault,
  isKnownReason,
  knownReasons,
  wordsOf,
  type Cause,
  type DropPlace,
  type Fault,
  type FaultContext,
} from '../../../common/taxonomy/index.js';

const BTF = '/sys/kernel/btf/vmlinux';
const PREFIX = 'SKB_DROP_REASON_';

/** The names of the running kernel's `enum skb_drop_reason`, or why they cannot be had. */
function reasonsOfThisKernel(): { names: string[] } | { skip: string } {
  if (!existsSync(BTF)) return { skip: `no BTF at ${BTF}` };
  let header: string;
  try {
    const maxBuffer = 64 * 1024 * 1024;
    header = execFileSync('bpftool', ['btf', 'dump', 'file', BTF, 'format', 'c'], {
      encoding: 'utf8',
      maxBuffer,
    });
  } catch (error) {
    return { skip: `bpftool cannot read ${BTF}: ${error instanceof Error ? error.message : String(error)}` };
  }
  const body = /enum skb_drop_reason \{([^}]*)\}/.exec(header)?.[1];
  if (body === undefined) return { skip: 'this kernel has no enum skb_drop_reason' };
  const names = [...body.matchAll(/SKB_DROP_REASON_(\w+) =/g)].map((match) => match[1]!);
  return { names: names.filter((name) => name !== 'MAX' && !name.startsWith('SUBSYS')) };
}

const ALL_CAUSES = Object.keys(CAUSES).filter(isCause);
const ALL_PLACES: DropPlace[] = [
  'unknown',
  'device_rx',
  'prerouting',
  'input',
  'socket',
  'forward',
  'postrouting',
  'output',
  'qdisc',
  'tx',
];
const OWN: FaultContext = { owned: true, inHostNetns: false, inOwnersNetns: true, ownersSocket: true };
const HOST: FaultContext = { owned: true, inHostNetns: true, inOwnersNetns: false, ownersSocket: false };
const ROUTER: FaultContext = { owned: true, inHostNetns: false, inOwnersNetns: false, ownersSocket: false };

describe('reasons', () => {
  const kernel = reasonsOfThisKernel();
  test(
    "every reason of this kernel's BTF has a cause",
    { skip: 'skip' in kernel ? kernel.skip : false },
    () => {
      assert.ok('names' in kernel);
      assert.ok(kernel.names.length >= 10, `only ${kernel.names.length} reasons were read`);
      const missing = kernel.names.filter((name) => !isKnownReason(name));
      assert.deepEqual(missing, [], `add to common/taxonomy/reasons.ts: ${missing.join(', ')}`);
    },
  );

  test('all 126 core reasons of kernel 6.18 and the three names that only older kernels have are known', () => {
    const newer = ['SEG6_MOBILE_NOMEM', 'SEG6_MOBILE_INVALID_SRH_SL'];
    const older = ['PTYPE_ABSENT', 'TCP_FILTER', 'UDP_FILTER'];
    assert.equal([...knownReasons().keys()].length, 126 + newer.length + older.length);
  });

  test('each stands under one cause, without the prefix', () => {
    for (const reason of knownReasons().keys()) {
      assert.match(reason, /^[A-Z0-9_]+$/);
      assert.ok(!reason.startsWith(PREFIX), reason);
    }
  });

  test('what healthy traffic does is normal; NOT_SPECIFIED is unknown without an alarm; a new name has one', () => {
    for (const reason of ['QUEUE_PURGE', 'TCP_OLD_DATA', 'TCP_OLD_SEQUENCE', 'TCP_ABORT_ON_DATA']) {
      assert.equal(classify(reason), 'normal');
    }
    assert.equal(classify('NOT_SPECIFIED'), 'unknown');
    assert.ok(isKnownReason('NOT_SPECIFIED'));
    assert.equal(classify('SOME_REASON_OF_2030'), 'unknown');
    assert.ok(!isKnownReason('SOME_REASON_OF_2030'));
    assert.ok(!isKnownReason('constructor'));
  });

  test('the reasons that customers meet most', () => {
    const expected: Record<string, Cause> = {
      NO_SOCKET: 'no_listener',
      NETFILTER_DROP: 'policy',
      SOCKET_RCVBUFF: 'receiver_buffer',
      CPU_BACKLOG: 'host_congestion',
      IP_INNOROUTES: 'routing',
      IP_RPFILTER: 'anti_spoof',
      PKT_TOO_BIG: 'mtu_fragment',
      UDP_CSUM: 'malformed',
      TCP_MD5FAILURE: 'auth',
    };
    for (const [reason, cause] of Object.entries(expected)) assert.equal(classify(reason), cause, reason);
  });
});

describe('fault', () => {
  const cases: [Cause, DropPlace, FaultContext, Fault][] = [
    ['policy', 'input', OWN, 'customer'],
    ['policy', 'forward', HOST, 'platform'],
    ['policy', 'input', HOST, 'platform'],
    ['policy', 'forward', ROUTER, 'platform'],
    // A rule that claims the host's own namespace makes nobody else's policy the customer's.
    ['policy', 'input', { ...OWN, inHostNetns: true }, 'platform'],
    ['no_listener', 'input', OWN, 'customer'],
    ['no_listener', 'input', HOST, 'customer'],
    ['receiver_buffer', 'socket', OWN, 'customer'],
    ['receiver_buffer', 'socket', { ...HOST, ownersSocket: true }, 'customer'],
    ['receiver_buffer', 'socket', HOST, 'platform'],
    ['host_congestion', 'qdisc', OWN, 'customer'],
    ['host_congestion', 'device_rx', OWN, 'platform'],
    ['host_congestion', 'qdisc', HOST, 'platform'],
    ['mtu_fragment', 'output', OWN, 'customer'],
    ['mtu_fragment', 'input', OWN, 'external'],
    ['mtu_fragment', 'forward', ROUTER, 'platform'],
    ['malformed', 'input', OWN, 'external'],
    ['malformed', 'output', OWN, 'customer'],
    ['malformed', 'forward', ROUTER, 'external'],
    // Without an owner nothing is a customer's fault.
    ['no_listener', 'input', { ...HOST, owned: false }, 'platform'],
    ['no_listener', 'input', { ...ROUTER, owned: false }, 'unknown'],
    ['malformed', 'input', { ...ROUTER, owned: false }, 'external'],
    ['routing', 'output', OWN, 'customer'],
    ['routing', 'forward', ROUTER, 'platform'],
  ];
  for (const [cause, place, context, fault] of cases) {
    test(`${cause} at ${place} ${JSON.stringify(context)} is ${fault}`, () => {
      assert.equal(faultOf(cause, place, context), fault);
    });
  }

  test('every cause, place and context has a fault and one sentence each of explanation and remedy', () => {
    const sentence = /^[A-Z].*[^.]\.$/;
    for (const cause of ALL_CAUSES) {
      for (const place of ALL_PLACES) {
        for (const context of [OWN, HOST, ROUTER]) {
          const fault = faultOf(cause, place, context);
          assert.ok(isFault(fault));
          assert.equal(fault === 'normal', cause === 'normal');
          const words = wordsOf(cause, fault);
          assert.match(words.explanation, sentence);
          assert.match(words.remedy, sentence);
        }
      }
    }
  });

  test("the words for a filter in the customer's own network are not those for the platform's", () => {
    assert.notDeepEqual(wordsOf('policy', 'customer'), wordsOf('policy', 'platform'));
    assert.match(wordsOf('policy', 'customer').explanation, /your own network/);
  });
});
