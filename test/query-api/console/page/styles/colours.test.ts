import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { CAUSES } from '../../../../../common/taxonomy/index.js';
import { CAUSE_ORDER, causeStyle, causeWords } from '../../../../../query-api/console/page/words/causes.js';
import { PROJECT } from '../../../../support/paths.js';
import { apparentDifference, contrast, VISIONS } from './vision.js';

const sheet = readFileSync(join(PROJECT, 'query-api/console/page/styles/tokens.css'), 'utf8');
const [light = '', dark = ''] = sheet.split('@media (prefers-color-scheme: dark)');

for (const [scheme, block] of Object.entries({ light, dark })) {
  const colours = new Map(
    [...block.matchAll(/--([\w-]+): (#[0-9a-f]{6});/g)].map(([, name = '', hex = '']) => [name, hex]),
  );
  const colour = (name: string): string => {
    const hex = colours.get(name);
    assert.ok(hex !== undefined, `${scheme} has no --${name}`);
    return hex;
  };

  test(`${scheme}: text has a contrast of 4.5 and more (WCAG AA)`, () => {
    const pairs = [
      ['ink', 'paper'],
      ['ink', 'raised'],
      ['ink', 'doubt-ground'],
      ['muted', 'paper'],
      ['muted', 'raised'],
      ['muted', 'doubt-ground'],
      ['accent', 'paper'],
      ['on-accent', 'accent'],
      ['doubt', 'paper'],
      ['doubt', 'doubt-ground'],
      ['latency', 'paper'],
      ['paper', 'ink'],
    ] as const;
    for (const [text, ground] of pairs) {
      const ratio = contrast(colour(text), colour(ground));
      assert.ok(ratio >= 4.5, `${text} on ${ground}: ${ratio.toFixed(2)}`);
    }
  });

  test(`${scheme}: borders of controls and fills of causes have a contrast of 3 and more`, () => {
    for (const name of ['control', 'volume', ...CAUSE_ORDER.map((cause) => `cause-${cause}`)]) {
      const ratio = contrast(colour(name), colour('paper'));
      assert.ok(ratio >= 3, `${name}: ${ratio.toFixed(2)}`);
    }
  });

  test(`${scheme}: causes of one pattern are told apart, also with colour-blind eyes`, () => {
    for (const [index, one] of CAUSE_ORDER.entries()) {
      for (const other of CAUSE_ORDER.slice(index + 1)) {
        if (causeWords(one).pattern !== causeWords(other).pattern) continue;
        for (const vision of VISIONS) {
          const difference = apparentDifference(colour(`cause-${one}`), colour(`cause-${other}`), vision);
          assert.ok(difference >= 0.08, `${one} and ${other} to ${vision}: ${difference.toFixed(3)}`);
        }
      }
    }
  });
}

test('every cause of the taxonomy has words and a colour of its own', () => {
  for (const cause of [...Object.keys(CAUSES), 'platform']) {
    assert.equal(causeStyle(cause), cause);
    assert.notEqual(causeWords(cause).label, cause);
  }
  assert.equal(causeStyle('of_a_newer_agent'), 'unknown');
  assert.equal(causeWords('of_a_newer_agent').label, 'of_a_newer_agent');
});
