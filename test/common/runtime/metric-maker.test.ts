import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Registry } from 'prom-client';
import { MetricMaker } from '../../../common/runtime/metric-maker.js';

function maker() {
  const registry = new Registry();
  /** The samples of all metrics, as they are scraped. */
  const scrape = async () => {
    const text = await registry.metrics();
    return text.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
  };
  return { make: new MetricMaker(registry, 'some'), registry, scrape };
}

describe('metric maker', () => {
  it("puts metrics into its registry, under its process's name, with help and labels", async () => {
    const { make, registry, scrape } = maker();
    make.counter('things_total', 'Things, by kind.', ['kind']).inc({ kind: 'a' }, 2);
    make.gauge('level', 'A level.').set(3);
    make.histogram('wait_seconds', 'A wait, by kind.', [1, 5], ['kind']).observe({ kind: 'b' }, 4);
    assert.deepEqual(await scrape(), [
      'bellwether_some_things_total{kind="a"} 2',
      'bellwether_some_level 3',
      'bellwether_some_wait_seconds_bucket{le="1",kind="b"} 0',
      'bellwether_some_wait_seconds_bucket{le="5",kind="b"} 1',
      'bellwether_some_wait_seconds_bucket{le="+Inf",kind="b"} 1',
      'bellwether_some_wait_seconds_sum{kind="b"} 4',
      'bellwether_some_wait_seconds_count{kind="b"} 1',
    ]);
    const helps = registry.getMetricsAsArray().map(({ help }) => help);
    assert.deepEqual(helps, ['Things, by kind.', 'A level.', 'A wait, by kind.']);
  });

  it('reads gauges and counters whenever they are asked for', async () => {
    const { make, scrape } = maker();
    let now = 5;
    make.readGauge('level', 'A level.', () => now);
    make.readCounter('things_total', 'Things.', () => now * 10);
    const by = { label: 'side', values: ['left', 'right'] as const };
    make.readGaugeBy('sides', 'Sides.', by, (side) => (side === 'left' ? now : -now));
    const shown = (level: number) => [
      `bellwether_some_level ${level}`,
      `bellwether_some_things_total ${level * 10}`,
      `bellwether_some_sides{side="left"} ${level}`,
      `bellwether_some_sides{side="right"} ${-level}`,
    ];
    assert.deepEqual(await scrape(), shown(5));
    assert.deepEqual(await scrape(), shown(5));
    now = 7;
    assert.deepEqual(await scrape(), shown(7));
  });
});
