import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { DEFAULT_RANGE } from '../../../../../query-api/console/page/range.js';
import { CAUSE_ORDER } from '../../../../../query-api/console/page/words/causes.js';
import { causeEntries, lastDropAt } from '../../../../../query-api/console/page/words/drop-summary.js';
import { verdictOf } from '../../../../../query-api/console/page/words/verdict.js';
import { voiceFor } from '../../../../../query-api/console/page/words/voice.js';
import { drops, group, NOON } from '../samples.js';

const you = voiceFor('customer', 'acme');
const verdict = (answer: Parameters<typeof verdictOf>[0], voice = you) =>
  verdictOf(answer, DEFAULT_RANGE, voice);

test('names cause, number, side and range', () => {
  const { headline, sentence } = verdict(drops([group('policy', 'customer', [70])]));
  assert.equal(headline, 'The drops are on your side.');
  assert.equal(
    sentence,
    'In the last 15 minutes, 70 packets were dropped by a firewall rule in your own network namespace.',
  );
});

test('speaks to an operator of the customer, not of "you"', () => {
  const { headline, sentence } = verdict(
    drops([group('policy', 'customer', [1])]),
    voiceFor('operator', 'acme'),
  );
  assert.equal(headline, 'The drops are on acme’s side.');
  assert.match(sentence, /1 packet was dropped by a firewall rule in the customer’s own network namespace/);
});

test('blames the platform where the platform is to blame, and both where both are', () => {
  assert.equal(verdict(drops([group('platform', 'platform', [3])])).headline, 'The drops are on our side.');
  const both = verdict(
    drops([
      group('policy', 'customer', [70]),
      group('no_listener', 'customer', [50]),
      group('receiver_buffer', 'customer', [40]),
      group('platform', 'platform', [24]),
    ]),
  );
  assert.equal(both.headline, 'Drops on both sides.');
  assert.match(
    both.sentence,
    /24 packets inside the platform/,
    'a side that is blamed is not "other reasons"',
  );
  assert.match(both.sentence, /40 packets for other reasons/);
});

test('nine tenths on one side are "mostly" there', () => {
  const answer = drops([group('no_listener', 'customer', [95]), group('malformed', 'external', [5])]);
  assert.equal(verdict(answer).headline, 'The drops are mostly on your side.');
});

test('ordinary traffic is no problem of anybody', () => {
  const { kind, sentence } = verdict(drops([group('normal', 'normal', [12])]));
  assert.equal(kind, 'clear');
  assert.equal(sentence, 'Only ordinary traffic dropped packets in the last 15 minutes: 12 packets.');
});

test('nothing measured is not "nothing dropped"', () => {
  const none = { windowsExpected: 12, windowsReceived: 0, ratio: 0, pointsLost: 0 };
  const silent = verdict(drops([], { totals: { packets: null, bytes: null }, completeness: none }));
  assert.equal(silent.kind, 'unmeasured');
  assert.doesNotMatch(silent.sentence, /No packet/);
  const half = { windowsExpected: 12, windowsReceived: 6, ratio: 0.5, pointsLost: 0 };
  const partly = verdict(drops([], { completeness: half }));
  assert.match(partly.sentence, /No packet was dropped .*, in the 50 % that was measured/);
});

test('a range that was measured only from some time on does not speak for what was before', () => {
  const seen = verdictOf(drops([]), DEFAULT_RANGE, you, NOON);
  assert.equal(seen.headline, 'No harmful drops seen.');
  assert.match(seen.sentence, /^No packet was dropped since \d\d:00:00; nothing was measured before\.$/);
  const { sentence } = verdictOf(drops([group('policy', 'customer', [70])]), DEFAULT_RANGE, you, NOON);
  assert.match(sentence, /namespace\. Nothing was measured before \d\d:00:00\.$/);
});

test('for any drops, the numbers in the sentence add up to all that anybody is blamed for', () => {
  const fault = fc.constantFrom('customer', 'platform', 'external', 'unknown', 'normal' as const);
  const groups = fc.array(
    fc
      .tuple(fc.constantFrom(...CAUSE_ORDER), fault, fc.integer({ min: 0, max: 9_999_999 }))
      .map(([cause, side, packets]) => group(cause, side, [packets])),
    { maxLength: 20 },
  );
  fc.assert(
    fc.property(groups, (all) => {
      const blamed = all
        .filter((one) => one.fault !== 'normal')
        .reduce((sum, { packets }) => sum + (packets ?? 0), 0);
      const { sentence } = verdict(drops(all));
      if (blamed === 0) return;
      const numbers = [...sentence.matchAll(/([\d,]+) packets?/g)].map(([, digits = '']) =>
        Number(digits.replaceAll(',', '')),
      );
      assert.equal(
        numbers.reduce((sum, one) => sum + one, 0),
        blamed,
        sentence,
      );
    }),
  );
});

test('reasons of one cause are one entry, ordinary traffic comes last', () => {
  const entries = causeEntries(
    drops([
      group('normal', 'normal', [500], 'TCP_OLD_ACK'),
      group('policy', 'customer', [1], 'NETFILTER_DROP'),
      group('policy', 'customer', [3], 'BPF_CGROUP_EGRESS'),
      group('no_listener', 'customer', [0], 'NO_SOCKET'),
    ]),
  );
  assert.deepEqual(
    entries.map(({ cause, packets }) => [cause, packets]),
    [
      ['policy', 4],
      ['normal', 500],
    ],
  );
  assert.deepEqual(entries[0]?.reasons[0], { reason: 'BPF_CGROUP_EGRESS', packets: 3 });
});

test('the last drop is the end of its step, but not in the future', () => {
  const answer = drops([group('policy', 'customer', [1, 0, 2, 0]), group('normal', 'normal', [0, 0, 0, 9])]);
  assert.equal(lastDropAt(answer, NOON + 60_000), NOON + 30_000);
  assert.equal(lastDropAt(answer, NOON + 25_000), NOON + 25_000);
  assert.equal(lastDropAt(drops([]), NOON), null);
});
