import uPlot from 'uplot';
import { shortCount } from '../words/format.js';
import { colours } from './colours.js';
import type { Paint } from './colours.js';
import { LABEL_MARGIN } from './latency-chart.js';
import { createPlot, middles } from './plot.js';
import type { Plot } from './plot.js';
import { cumulative } from './shape.js';
import type { Column, DropSteps, LatencySteps } from './shape.js';

/** A quiet axis still has room above its bars. */
const MIN_PACKETS = 4;

export interface BarsChart<S> {
  readonly plot: Plot;
  draw(steps: S): void;
}

/** Packets of each step as a bar, stacked by cause: the same cause is always the same fill. */
export function createDropsChart(container: HTMLElement): BarsChart<DropSteps> {
  const plot = createPlot(container, {
    height: 260,
    timeAxis: true,
    yAxis: { incrs: wholeSteps(), values: (_, splits) => splits.map(shortCount) },
    yRange: (_, __, max) => [0, Math.max(max * 1.06, MIN_PACKETS)],
  });
  return {
    plot,
    draw: (steps) => {
      // A bar reaches from 0 to its running sum; the tallest is drawn first, the rest in front of it.
      const stacked = cumulative(steps.packets).reverse();
      const causes = [...steps.causes].reverse();
      const series = causes.map((cause) =>
        bars(
          cause,
          () => colours().cause(cause),
          () => colours().outline(cause),
        ),
      );
      // uPlot wants a series to take its scale from, also when there is nothing to stack.
      const nothing: Column = steps.times.map(() => null);
      plot.draw(
        steps,
        [middles(steps), ...(stacked.length > 0 ? stacked : [nothing])],
        series.length > 0 ? series : [bars('none', () => colours().volume)],
      );
    },
  };
}

/** How much was measured in each step: the strip under a latency chart. */
export function createVolumeStrip(container: HTMLElement): BarsChart<LatencySteps> {
  const plot = createPlot(container, {
    height: 62,
    timeAxis: true,
    rightMargin: LABEL_MARGIN,
    yAxis: {
      splits: (_, __, ___, max) => [0, max],
      values: (_, splits) => splits.map((value) => shortCount(Math.round(value))),
      grid: { show: false },
    },
    yRange: (_, __, max) => [0, Math.max(max, 1)],
  });
  return {
    plot,
    draw: (steps) => plot.draw(steps, [middles(steps), steps.count], [bars('count', () => colours().volume)]),
  };
}

function bars(label: string, paint: () => Paint, outline?: () => string): uPlot.Series {
  const { bars: build } = uPlot.paths;
  return {
    label,
    fill: paint,
    stroke: outline ?? 'transparent',
    width: outline === undefined ? 0 : 1,
    points: { show: false },
    ...(build === undefined ? {} : { paths: build({ size: [0.86, 28] }) }),
  };
}

/** Packets are whole: 1, 2, 5, 10, … and never a half. */
function wholeSteps(): number[] {
  return Array.from({ length: 13 }, (_, power) => [1, 2, 5].map((digit) => digit * 10 ** power)).flat();
}
