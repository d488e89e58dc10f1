import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { flatnessOf } from './flatness.js';
import { graph, niceStep } from './graph.js';
import type { Look } from './look.js';
import { judge, panelsOf } from './verdict.js';

const SECONDS = Array.from({ length: 31 }, (_, at) => at * 60);
const series = (valueAt: (second: number) => number) => ({
  name: 'x',
  seconds: SECONDS,
  values: SECONDS.map(valueAt),
});
const tenth = { share: 0.1, least: 0 };

describe('flatness', () => {
  it('is judged after the warm-up', () => {
    const filling = flatnessOf(
      series((second) => Math.min(100, second)),
      tenth,
    );
    assert.equal(filling.flat, true);
    assert.ok(Math.abs(filling.mean - 100) < 1e-9 && Math.abs(filling.climb) < 1e-9);
  });

  it('sees a leak in noise, and not the noise alone', () => {
    const noise = (second: number) => 20 * Math.sin(second);
    assert.equal(
      flatnessOf(
        series((second) => 100 + noise(second)),
        tenth,
      ).flat,
      true,
    );
    const leak = flatnessOf(
      series((second) => 100 + second / 30 + noise(second)),
      tenth,
    );
    assert.equal(leak.flat, false);
    assert.ok(Math.abs(leak.climb - 40) < 10, String(leak.climb));
  });

  it('allows falling, and says nothing of too few looks', () => {
    assert.equal(
      flatnessOf(
        series((second) => 1_000 - second / 2),
        tenth,
      ).flat,
      true,
    );
    assert.equal(flatnessOf({ name: 'x', seconds: [0, 1], values: [1, 1] }, tenth).flat, false);
    assert.equal(flatnessOf({ name: 'x', seconds: [], values: [] }, tenth).flat, false);
  });

  it('judges each part, processor and table of the looks', () => {
    const looks = SECONDS.map((second): Look => {
      return {
        second,
        freshSeconds: 5,
        ratio: 1,
        lost: 0,
        restarts: 0,
        memory: new Map([
          ['store', 900],
          ['writer', 100 + second / 10],
        ]),
        lag: new Map([['writer', second % 120]]),
        parts: new Map([['samples', 10 + (second % 7)]]),
      };
    });
    const verdict = judge(looks).map(({ name, flat }) => `${name} ${String(flat)}`);
    assert.deepEqual(verdict, [
      'memory store true',
      'memory writer false',
      'lag writer true',
      'parts samples true',
    ]);
  });
});

describe('the graph', () => {
  const panel = {
    title: 'memory',
    unit: 'MiB',
    series: [{ name: 'a<b', seconds: [0, 60], values: [0, 37] }],
  };

  it('is the same text for the same numbers, and well-formed', () => {
    const svg = graph('t & u', [panel, panel]);
    assert.equal(svg, graph('t & u', [panel, panel]));
    assert.match(svg, /^<svg xmlns="http:\/\/www\.w3\.org\/2000\/svg" viewBox="0 0 880 556"/);
    assert.match(svg, />t &amp; u</);
    assert.match(svg, />a&lt;b</);
    assert.equal(svg.match(/<polyline/g)?.length, 2);
    assert.match(svg, /points="64,272 690,87"/);
    assert.doesNotMatch(svg, /NaN|undefined|Infinity/);
  });

  it('of nothing is empty, not broken', () => {
    assert.doesNotMatch(graph('none', panelsOf([])), /NaN|undefined|Infinity|polyline/);
  });

  it('has steps that people read', () => {
    assert.deepEqual([0.3, 1, 1.01, 3, 70, 0, NaN].map(niceStep), [0.5, 1, 2, 5, 100, 1, 1]);
  });
});
