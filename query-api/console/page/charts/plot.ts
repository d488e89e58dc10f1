import uPlot from 'uplot';
import { clock, clockMinutes } from '../words/format.js';
import { colours, onSchemeChange } from './colours.js';
import type { Steps } from './shape.js';

/** One chart on the page: a uPlot that follows its width, the colour scheme and a shared cursor. */
export interface Plot {
  readonly element: HTMLElement;
  /** The step under the cursor, or null when there is none. */
  onCursor(listener: (index: number | null) => void): void;
  /** Takes the chart off the page: figures of one customer never stay under another's name. */
  clear(): void;
  draw(steps: Steps, columns: uPlot.AlignedData, series: uPlot.Series[]): void;
}

export interface PlotOptions {
  /** CSS pixels. */
  readonly height: number;
  readonly yAxis: uPlot.Axis;
  readonly yRange: uPlot.Range.Function;
  /** Time labels below; a strip under another chart does without. */
  readonly timeAxis: boolean;
  /** Room for labels at the ends of lines, CSS pixels. */
  readonly rightMargin?: number;
  /** Draws over the series. */
  readonly after?: (plot: uPlot, steps: Steps) => void;
}

export const FONT = '12px Inter, system-ui, -apple-system, "Segoe UI", Roboto, sans-serif';
/** All y axes are this wide, so that the times of all charts stand under one another. */
const Y_AXIS_WIDTH = 56;
const SHARED_CURSOR = 'bellwether';

export function createPlot(container: HTMLElement, options: PlotOptions): Plot {
  let plot: uPlot | undefined;
  let shape = '';
  let steps: Steps | undefined;
  const listeners: ((index: number | null) => void)[] = [];
  const width = (): number => Math.max(container.clientWidth, 120);

  new ResizeObserver(() => {
    if (plot !== undefined && plot.width !== width())
      plot.setSize({ width: width(), height: options.height });
  }).observe(container);
  onSchemeChange(() => plot?.redraw(true, true));

  return {
    element: container,
    onCursor: (listener) => listeners.push(listener),
    clear: () => {
      plot?.destroy();
      plot = steps = undefined;
    },
    draw: (next, columns, series) => {
      steps = next;
      const nextShape = series.map(({ label }) => (typeof label === 'string' ? label : '')).join('|');
      if (plot === undefined || nextShape !== shape) {
        plot?.destroy();
        shape = nextShape;
        plot = new uPlot(
          {
            ...frame(options, width(), () => steps),
            series: [{}, ...series],
            hooks: {
              drawClear: [(u) => steps && paintBackground(u, steps)],
              draw: [
                (u) => {
                  paintBaseline(u);
                  if (steps !== undefined) options.after?.(u, steps);
                },
              ],
              setCursor: [(u) => listeners.forEach((listener) => listener(u.cursor.idx ?? null))],
            },
          },
          columns,
          container,
        );
      } else {
        plot.setData(columns);
      }
    },
  };
}

/** A step is drawn at its middle: then the step that is nearest to the cursor is the one it is in. */
export function middles(steps: Steps): number[] {
  return steps.times.map((time) => time + steps.stepSeconds / 2);
}

function frame(
  options: PlotOptions,
  width: number,
  steps: () => Steps | undefined,
): Omit<uPlot.Options, 'series'> {
  return {
    width,
    height: options.height,
    // Half a label fits below the axis' 0 where no time axis makes room for it.
    padding: [8, options.rightMargin ?? 0, options.timeAxis ? 0 : 8, 0],
    legend: { show: false },
    select: { show: false, left: 0, top: 0, width: 0, height: 0 },
    cursor: {
      y: false,
      points: { show: false },
      drag: { x: false, y: false },
      sync: { key: SHARED_CURSOR, setSeries: false },
    },
    scales: {
      x: { time: true, range: () => [steps()?.from ?? 0, steps()?.to ?? 1] },
      y: { range: options.yRange },
    },
    axes: [
      {
        show: options.timeAxis,
        stroke: () => colours().muted,
        font: FONT,
        size: 28,
        gap: 6,
        space: 76,
        grid: { show: false },
        ticks: { show: true, size: 4, width: 1, stroke: () => colours().hairline },
        values: (plot, splits, _, __, increment) => splits.map((at) => timeLabel(plot, at, increment)),
      },
      {
        stroke: () => colours().muted,
        font: FONT,
        size: Y_AXIS_WIDTH,
        gap: 8,
        space: 36,
        grid: { stroke: () => colours().hairline, width: 1 },
        ticks: { show: false },
        ...options.yAxis,
      },
    ],
  };
}

/** A time below its tick; none where half of it would be cut off by the edge. */
function timeLabel(plot: uPlot, at: number, increment: number): string | null {
  const { min = 0, max = 1 } = plot.scales['x'] ?? {};
  const pixels = ((plot.width - Y_AXIS_WIDTH) * (max - at)) / Math.max(max - min, 1);
  const seconds = increment < 60;
  if (pixels < (seconds ? 26 : 18)) return null;
  return seconds ? clock(at * 1_000) : clockMinutes(at * 1_000);
}

/** Behind the series: hatching where nothing was measured, a veil where not all has arrived yet. */
function paintBackground(plot: uPlot, steps: Steps): void {
  const { ctx, bbox } = plot;
  const { gap, veil } = colours();
  const band = (from: number, to: number, paint: string | CanvasPattern): void => {
    const left = plot.valToPos(from, 'x', true);
    const right = plot.valToPos(to, 'x', true);
    ctx.fillStyle = paint;
    ctx.fillRect(left, bbox.top, Math.max(right - left, 1), bbox.height);
  };
  ctx.save();
  for (const { from, to } of steps.gaps) band(from, to, gap);
  if (steps.pendingFrom < steps.to) band(steps.pendingFrom, steps.to, veil);
  ctx.restore();
}

/** Zero is a line that nothing covers. */
function paintBaseline({ ctx, bbox }: uPlot): void {
  ctx.save();
  ctx.fillStyle = colours().control;
  ctx.fillRect(
    bbox.left,
    bbox.top + bbox.height,
    bbox.width,
    Math.max(1, Math.round(window.devicePixelRatio)),
  );
  ctx.restore();
}
