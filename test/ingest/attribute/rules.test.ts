import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { BellwetherError } from '../../../common/runtime/errors.js';
import { globMatches } from '../../../ingest/attribute/glob.js';
import { addressText, parsePrefix } from '../../../ingest/attribute/prefix.js';
import { parseOwnersFile } from '../../../ingest/attribute/rules.js';

const file = (...rules: object[]) => JSON.stringify({ rules });
const acme = { customer: 'acme', app: 'web', instance: 'web-1' };

function refusal(content: string): string {
  try {
    parseOwnersFile('acme.json', content);
  } catch (error) {
    assert.ok(error instanceof BellwetherError && error.code === 'owners_invalid', String(error));
    return error.message;
  }
  return assert.fail('was taken');
}

describe("owners' files", () => {
  test('each kind of rule, app and instance optional', () => {
    const rules = parseOwnersFile(
      'acme.json',
      file(
        { ...acme, netns: 'acme' },
        { customer: 'acme', netns: '/var/run/netns/acme' },
        { ...acme, cgroup: '/customers/acme/' },
        { ...acme, ifname: 'tap-acme*' },
        { ...acme, prefix: '10.1.0.0/16' },
      ),
    );
    assert.deepEqual(
      rules.map(({ match }) => (match.kind === 'prefix' ? match.prefix.text : match)),
      [
        { kind: 'netns', path: '/run/netns/acme' },
        { kind: 'netns', path: '/run/netns/acme' },
        { kind: 'cgroup', pattern: '/customers/acme' },
        { kind: 'ifname', pattern: 'tap-acme*' },
        '10.1.0.0/16',
      ],
    );
    assert.deepEqual(rules[1]!.owner, { customer: 'acme', app: '', instance: '' });
    assert.equal(rules[4]!.origin, 'acme.json rules[4]');
  });

  const cases: [string, string, RegExp][] = [
    ['no JSON', '{', /^acme\.json: is not JSON/],
    ['no rules', '{}', /acme\.json: rules: /],
    ['an unknown field', '{"rules":[],"x":1}', /acme\.json: file: .*"x"/],
    ['no match', file(acme), /rules\[0\]: needs exactly one of netns, cgroup, ifname, prefix; it has none/],
    ['two matches', file({ ...acme, netns: 'a', ifname: 'b' }), /rules\[0\]: .* it has netns and ifname/],
    ['a misspelt field', file({ ...acme, netnss: 'a' }), /rules\[0\].*netnss/],
    [
      'a customer with a slash',
      file({ customer: 'a/b', netns: 'a' }),
      /rules\[0\]\.customer: must be 1 to 64/,
    ],
    ['the second rule', file({ ...acme, netns: 'a' }, { netns: 'a' }), /rules\[1\]\.customer: /],
    ['no CIDR', file({ ...acme, prefix: '10.1.0.0' }), /rules\[0\]\.prefix: must be a CIDR/],
    [
      'host bits',
      file({ ...acme, prefix: '10.1.2.3/16' }),
      /rules\[0\]\.prefix: .*did you mean 10\.1\.0\.0\/16\?/,
    ],
    ['a relative cgroup', file({ ...acme, cgroup: 'acme' }), /rules\[0\]\.cgroup: must be an absolute path/],
    [
      'a path that climbs',
      file({ ...acme, netns: '/run/netns/../x' }),
      /rules\[0\]\.netns: must not hold \.\./,
    ],
    [
      'control characters',
      file({ ...acme, app: 'a\n', netns: 'a' }),
      /rules\[0\]\.app: must not hold control/,
    ],
  ];
  for (const [what, content, expected] of cases) {
    test(`refuses ${what}, naming file and field`, () => assert.match(refusal(content), expected));
  }
});

describe('globs', () => {
  test('star, question mark, and everything else literally', () => {
    const yes = [
      ['tap-acme*', 'tap-acme0'],
      ['*', ''],
      ['a?c', 'abc'],
      ['*acme*', 'xacmey'],
      ['a*b*c', 'aXbYbZc'],
      ['a.c', 'a.c'],
    ];
    const no = [
      ['tap-acme*', 'tap-globex'],
      ['a?c', 'ac'],
      ['a.c', 'abc'],
      ['', 'a'],
      ['a*b', 'acbd'],
    ];
    for (const [pattern, text] of yes) assert.ok(globMatches(pattern!, text!), `${pattern} ${text}`);
    for (const [pattern, text] of no) assert.ok(!globMatches(pattern!, text!), `${pattern} ${text}`);
  });

  test('agree with the same glob as a regular expression', () => {
    const piece = fc.constantFrom('a', 'b', '*', '?');
    fc.assert(
      fc.property(
        fc.array(piece, { maxLength: 8 }),
        fc.string({ unit: fc.constantFrom('a', 'b'), maxLength: 10 }),
        (parts, text) => {
          const regular = new RegExp(`^${parts.join('').replaceAll('*', '[^]*').replaceAll('?', '[^]')}$`);
          assert.equal(globMatches(parts.join(''), text), regular.test(text));
        },
      ),
      { numRuns: 1_000 },
    );
  });

  test('do not blow up', () => {
    const started = performance.now();
    globMatches(`${'a*'.repeat(50)}b`, 'a'.repeat(5_000));
    assert.ok(performance.now() - started < 1_000);
  });
});

describe('prefixes', () => {
  test('IPv4 in its 128-bit form', () => {
    const prefix = parsePrefix('10.1.0.0/16');
    assert.ok(typeof prefix !== 'string');
    assert.equal(prefix.length, 112);
    assert.deepEqual([...prefix.address], [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 255, 255, 10, 1, 0, 0]);
  });

  test('IPv6, in normal form', () => {
    const prefix = parsePrefix('2001:0DB8:0::/48');
    assert.ok(typeof prefix !== 'string');
    assert.equal(prefix.text, '2001:db8::/48');
    assert.equal(prefix.length, 48);
  });

  test('addresses as people write them', () => {
    const mapped = Uint8Array.from([0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 255, 255, 10, 0, 0, 2]);
    assert.equal(addressText(mapped, 4), '10.0.0.2');
    const six = Uint8Array.from([0x20, 1, 0xd, 0xb8, ...new Array<number>(11).fill(0), 1]);
    assert.equal(addressText(six, 6), '2001:db8::1');
    assert.equal(addressText(six, 0), '');
  });
});
