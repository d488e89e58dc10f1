import type uPlot from 'uplot';
import { duration } from '../words/format.js';
import { colours } from './colours.js';
import { createPlot, FONT, middles } from './plot.js';
import type { Plot } from './plot.js';
import type { LatencySteps } from './shape.js';

const QUANTILES = ['p50', 'p90', 'p99'] as const;
/** Lines are told apart by their dashes and their labels, not by hue. */
const STYLES: Readonly<Record<(typeof QUANTILES)[number], Pick<uPlot.Series, 'width' | 'dash'>>> = {
  p50: { width: 2 },
  p90: { width: 1.25, dash: [5, 4] },
  p99: { width: 1.25 },
};

/** Beside the plot, for the names of the lines; the strip below keeps the same. */
export const LABEL_MARGIN = 36;

export interface LatencyChart {
  readonly plot: Plot;
  draw(steps: LatencySteps): void;
}

/** Three quantiles over time, from 0; a step without a value breaks the line. */
export function createLatencyChart(container: HTMLElement): LatencyChart {
  const plot = createPlot(container, {
    height: 190,
    timeAxis: false,
    rightMargin: LABEL_MARGIN,
    yAxis: { values: (_, splits) => splits.map((value) => (value === 0 ? '0' : duration(value))) },
    yRange: (_, __, max) => [0, max > 0 ? max * 1.08 : 1e-3],
    after: labelEnds,
  });
  return {
    plot,
    draw: (steps) =>
      plot.draw(
        steps,
        [middles(steps), steps.p50, steps.p90, steps.p99],
        QUANTILES.map((label) => ({
          label,
          ...STYLES[label],
          stroke: () => colours().latency,
          ...(label === 'p99' ? { fill: () => colours().latencyBand } : {}),
          spanGaps: false,
          points: { show: true, filter: isolated, size: 4, fill: () => colours().latency },
        })),
      ),
  };
}

/** A step between two gaps has no line to be part of: it gets a point. */
function isolated(plot: uPlot, seriesIndex: number): number[] {
  const column = plot.data[seriesIndex] ?? [];
  return [...column.keys()].filter(
    (index) => column[index] != null && column[index - 1] == null && column[index + 1] == null,
  );
}

const LABEL_HEIGHT = 14;

/** Writes p50, p90 and p99 beside the newest end of their lines, apart from one another. */
function labelEnds(plot: uPlot): void {
  const { ctx, bbox } = plot;
  const scale = window.devicePixelRatio;
  ctx.save();
  ctx.font = FONT.replace('12px', `${12 * scale}px`);
  ctx.textAlign = 'left';
  ctx.textBaseline = 'middle';
  ctx.fillStyle = colours().latency;
  const left = bbox.left + bbox.width + 7 * scale;
  let lowest = bbox.top + bbox.height;
  for (const [index, label] of QUANTILES.entries()) {
    const column = plot.data[index + 1] ?? [];
    const value = column[column.findLastIndex((one) => one != null)];
    if (value == null) continue;
    const place = Math.min(plot.valToPos(value, 'y', true), lowest);
    ctx.fillText(label, left, place);
    lowest = place - LABEL_HEIGHT * scale;
  }
  ctx.restore();
}
