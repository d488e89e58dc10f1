import assert from 'node:assert/strict';
import { test } from 'node:test';
import { flameGraph } from './flame-graph.js';
import { stagesOf, type Frame } from './profile.js';

const frame = (name: string, file: string, selfUs: number, children: readonly Frame[] = []): Frame => {
  return { name, file, selfUs, children };
};
const walk = (selfUs: number) => frame('walk', 'common/wire/walk/walk', selfUs);
const root = frame('(root)', '', 0, [
  frame('(idle)', '', 500),
  frame('handle', 'common/kafka/consumer', 10, [walk(30), frame('<anonymous>', '', 20), walk(40)]),
]);

test('a flame graph shows calls of one function as one box, as wide as its share, and no waiting', () => {
  const svg = flameGraph(root, 'a & b');
  assert.equal(svg, flameGraph(root, 'a & b'));
  assert.match(svg, /a &amp; b/);
  assert.doesNotMatch(svg, /idle/);
  assert.equal(svg.match(/walk common\/wire\/walk\/walk: 70\.0 %/g)?.length, 1);
  assert.match(svg, /&lt;anonymous&gt; : 20\.0 %/);
  assert.match(svg, /bytes to rows: 70 %/);
});

test('time belongs to the innermost frame that tells its stage; waiting to none', () => {
  assert.deepEqual(stagesOf(root), { fetch: 30, decode: 70, insert: 0, other: 0 });
});
