import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  completenessWords,
  freshnessWords,
  resolutionWords,
} from '../../../../../query-api/console/page/words/freshness.js';
import { NOON } from '../samples.js';

test('says up to when and how long ago, and doubts what is late', () => {
  const fresh = freshnessWords(NOON, NOON + 4_000);
  assert.match(fresh.text, /^Complete up to \d\d:00:00, 4 s ago$/);
  assert.equal(fresh.late, false);
  assert.equal(freshnessWords(NOON, NOON + 31_000).late, true);
  assert.deepEqual(freshnessWords(null, NOON), { text: 'No window is complete yet', late: true });
});

test('says what is missing and what was lost', () => {
  const whole = { windowsExpected: 180, windowsReceived: 180, ratio: 1, pointsLost: 0 };
  assert.deepEqual(completenessWords(whole), {
    text: 'all 180 host windows arrived, nothing lost',
    whole: true,
  });
  assert.deepEqual(completenessWords({ ...whole, windowsReceived: 152, ratio: 152 / 180, pointsLost: 1 }), {
    text: '84.4 % of host windows arrived (152 of 180), 1 measurement lost',
    whole: false,
  });
  assert.equal(completenessWords({ ...whole, pointsLost: 2 }).whole, false);
  const none = completenessWords({ windowsExpected: 0, windowsReceived: 0, ratio: null, pointsLost: 0 });
  assert.equal(none.text, 'no host windows expected, nothing lost');
});

test('says what an answer was read from where that is not what was measured', () => {
  assert.equal(resolutionWords('hour'), 'read from sealed hours');
  assert.deepEqual(['raw', null, 'fortnight'].map(resolutionWords), ['', '', '']);
});
