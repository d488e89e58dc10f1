import type { Series } from './flatness.js';

/** Some series over one time, with one axis. */
export interface Panel {
  readonly title: string;
  readonly unit: string;
  readonly series: readonly Series[];
}

const WIDTH = 880;
const PANEL_HEIGHT = 200;
const LEFT = 64;
const RIGHT = 190;
const TOP = 44;
const GAP = 56;
const PLOT_WIDTH = WIDTH - LEFT - RIGHT;
const TICKS = 4;
const LEGEND_LINE = 15;
/** Told apart by people who do not see all colours (Okabe and Ito), and by dashes from the ninth on. */
const COLORS = ['#0072B2', '#D55E00', '#009E73', '#CC79A7', '#E69F00', '#56B4E9', '#000000', '#8C6BB1'];

/** The panels, one below the other, as SVG. The same numbers give the same text. */
export function graph(title: string, panels: readonly Panel[]): string {
  const height = TOP + panels.length * (PANEL_HEIGHT + GAP);
  const lastSecond = Math.max(
    1,
    ...panels.flatMap(({ series }) => series.map(({ seconds }) => seconds.at(-1) ?? 0)),
  );
  const body = panels.flatMap((panel, position) =>
    drawPanel(panel, TOP + GAP / 2 + position * (PANEL_HEIGHT + GAP), lastSecond),
  );
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" font-family="sans-serif" font-size="12" role="img">`,
    `<title>${escaped(title)}</title>`,
    `<rect width="${WIDTH}" height="${height}" fill="#ffffff"/>`,
    text(LEFT, 22, title, 'font-size="15" font-weight="bold"'),
    ...body,
    '</svg>',
    '',
  ].join('\n');
}

function drawPanel(panel: Panel, top: number, lastSecond: number): string[] {
  const most = Math.max(0, ...panel.series.flatMap(({ values }) => values));
  const step = niceStep(most / TICKS);
  const ceiling = step * Math.max(1, Math.ceil(most / step));
  const x = (second: number) => LEFT + (second / lastSecond) * PLOT_WIDTH;
  const y = (value: number) => top + PANEL_HEIGHT - (value / ceiling) * PANEL_HEIGHT;
  const lines = [text(LEFT, top - 8, `${panel.title} (${panel.unit})`, 'font-weight="bold"')];
  for (let value = 0; value <= ceiling; value += step) {
    lines.push(
      `<line x1="${LEFT}" y1="${round(y(value))}" x2="${LEFT + PLOT_WIDTH}" y2="${round(y(value))}" stroke="#dddddd"/>`,
      text(LEFT - 6, y(value) + 4, String(value), 'text-anchor="end"'),
    );
  }
  const minutes = niceStep(lastSecond / 60 / 6);
  for (let minute = 0; minute * 60 <= lastSecond; minute += minutes) {
    const label = minute === 0 ? '0 min' : String(round(minute));
    lines.push(text(x(minute * 60), top + PANEL_HEIGHT + 16, label, 'text-anchor="middle"'));
  }
  panel.series.forEach((series, position) => {
    const stroke = strokeOf(position);
    const points = series.seconds.map(
      (second, at) => `${round(x(second))},${round(y(series.values[at] ?? 0))}`,
    );
    const legendY = top + 8 + position * LEGEND_LINE;
    const legendX = LEFT + PLOT_WIDTH + 12;
    lines.push(
      `<polyline fill="none" stroke-width="1.5" ${stroke} points="${points.join(' ')}"/>`,
      `<line x1="${legendX}" y1="${legendY}" x2="${legendX + 18}" y2="${legendY}" stroke-width="2" ${stroke}/>`,
      text(legendX + 24, legendY + 4, series.name),
    );
  });
  return lines;
}

function strokeOf(position: number): string {
  const color = COLORS[position % COLORS.length] ?? '#000000';
  return `stroke="${color}"${position < COLORS.length ? '' : ' stroke-dasharray="4 2"'}`;
}

/** 1, 2 or 5 times a power of ten, at least as large. */
export function niceStep(least: number): number {
  if (!(least > 0)) return 1;
  const power = 10 ** Math.floor(Math.log10(least));
  const factor = [1, 2, 5].find((candidate) => candidate * power >= least * (1 - 1e-9)) ?? 10;
  return Number((factor * power).toPrecision(6));
}

function text(x: number, y: number, content: string, attributes = ''): string {
  const more = attributes === '' ? '' : ` ${attributes}`;
  return `<text x="${round(x)}" y="${round(y)}"${more}>${escaped(content)}</text>`;
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}

function escaped(content: string): string {
  return content.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('"', '&quot;');
}
