import type { Latency } from '../api/answers.js';
import { createVolumeStrip } from '../charts/drops-chart.js';
import { createLatencyChart } from '../charts/latency-chart.js';
import { absence, latencySteps } from '../charts/shape.js';
import type { LatencySteps } from '../charts/shape.js';
import { fill, h, setText } from '../dom.js';
import type { Snapshot } from '../live/state.js';
import { clock, count, counted, duration, span } from '../words/format.js';
import { createDataTable } from './data-table.js';
import type { TableRows } from './data-table.js';
import type { View } from './view.js';

interface PanelOptions {
  readonly title: string;
  readonly note: string;
  /** What is counted: "round trip". */
  readonly one: string;
  readonly pick: (snapshot: Snapshot) => Latency | undefined;
}

/** Round trips and connects, side by side where there is room. */
export function createLatency(): View {
  const panels = [
    createPanel({
      title: 'Round-trip time',
      note: 'Of TCP connections, sampled once a round trip.',
      one: 'round trip',
      pick: (snapshot) => snapshot.rtt,
    }),
    createPanel({
      title: 'Time to connect',
      note: 'From the SYN of an outgoing TCP connection until it is established.',
      one: 'connect',
      pick: (snapshot) => snapshot.connect,
    }),
  ];
  return {
    element: h(
      'section',
      { class: 'latency', 'aria-labelledby': 'latency-title' },
      h('h2', { id: 'latency-title' }, 'Latency'),
      h('div', { class: 'panels' }, ...panels.map(({ element }) => element)),
    ),
    update: (state) => panels.forEach((panel) => panel.update(state)),
  };
}

function createPanel({ title, note, one, pick }: PanelOptions): View {
  const figures = h('dl', { class: 'figures' });
  const readout = h('p', { class: 'readout' });
  const lines = h('div', {
    class: 'plot',
    role: 'img',
    'aria-label': `${title}: p50, p90 and p99 over time. The table below has the same figures.`,
  });
  const strip = h('div', { class: 'plot strip', 'aria-hidden': 'true' });
  const chart = createLatencyChart(lines);
  const volume = createVolumeStrip(strip);
  const stripTitle = h('p', { class: 'strip-title', 'aria-hidden': 'true' });
  const table = createDataTable(`${title} by time`);
  let steps: LatencySteps | undefined;
  let hovered: number | null = null;
  for (const { plot } of [chart, volume]) {
    plot.onCursor((index) => {
      hovered = index;
      if (steps !== undefined) show(steps);
    });
  }
  const show = (now: LatencySteps): void => {
    const index = hovered ?? newest(now);
    showFigures(figures, now, index);
    setText(readout, readoutOf(now, index, hovered !== null, one));
  };
  let shown: Latency | undefined;
  return {
    element: h(
      'article',
      {},
      h('h3', {}, title),
      h('p', { class: 'note' }, note),
      figures,
      readout,
      lines,
      stripTitle,
      strip,
      table.element,
    ),
    update: ({ snapshot }) => {
      const latency = snapshot === undefined ? undefined : pick(snapshot);
      if (latency === shown) return;
      shown = latency;
      if (latency === undefined) {
        steps = undefined;
        for (const { plot } of [chart, volume]) plot.clear();
        for (const one of [figures, readout, stripTitle]) fill(one);
        table.update(() => ({ head: [], rows: [] }));
        return;
      }
      const now = (steps = latencySteps(latency));
      chart.draw(now);
      volume.draw(now);
      show(now);
      setText(stripTitle, `${one}s per ${span(now.stepSeconds)}`);
      table.update(() => rowsOf(now, one));
    },
  };
}

/** The newest step that is complete and holds a value. */
function newest(steps: LatencySteps): number {
  return steps.count.findLastIndex((value, index) => {
    const end = (steps.times[index] ?? Infinity) + steps.stepSeconds;
    return value !== null && value > 0 && end <= steps.pendingFrom;
  });
}

function showFigures(element: Element, steps: LatencySteps, index: number): void {
  const quantiles = [
    ['p50', 'half within', steps.p50],
    ['p90', '90 % within', steps.p90],
    ['p99', '99 % within', steps.p99],
  ] as const;
  fill(
    element,
    ...quantiles.map(([name, words, column]) =>
      h(
        'div',
        {},
        h('dt', {}, h('abbr', { title: words }, name)),
        h('dd', {}, duration(column[index] ?? null)),
      ),
    ),
  );
}

function readoutOf(steps: LatencySteps, index: number, underCursor: boolean, one: string): string {
  const time = steps.times[index];
  if (time === undefined) return `No ${one} in this range yet`;
  const happened = steps.count[index] ?? null;
  const at = `${clock(time * 1_000)} to ${clock((time + steps.stepSeconds) * 1_000)}`;
  if (happened === null) return `${at}: ${absence(steps, index)}`;
  return `${underCursor ? '' : 'Newest, '}${at}: ${counted(happened, one)}`;
}

function rowsOf(steps: LatencySteps, one: string): TableRows {
  return {
    head: ['From', `${one}s`, 'p50', 'p90', 'p99'],
    rows: steps.times
      .map((time, index) => {
        const happened = steps.count[index] ?? null;
        return [
          clock(time * 1_000),
          absence(steps, index) || count(happened),
          ...[steps.p50, steps.p90, steps.p99].map((column) => duration(column[index] ?? null)),
        ];
      })
      .reverse(),
  };
}
