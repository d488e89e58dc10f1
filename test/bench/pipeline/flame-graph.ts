import { stageOf, type Frame, type Stage } from './profile.js';

/** A frame of the picture: calls of one function from one place, together. */
interface Box {
  readonly name: string;
  readonly file: string;
  readonly stage: Stage;
  readonly us: number;
  readonly children: readonly Box[];
}

const WIDTH = 1_200;
const ROW = 17;
const TOP = 46;
const FONT_WIDTH = 6.1;
/** Narrower boxes say nothing to the eye; what they are part of keeps their width. */
const NARROWEST = 2;
const COLOURS: Readonly<Record<Stage, string>> = {
  fetch: '#8ecae6',
  decode: '#ffb703',
  insert: '#90be6d',
  other: '#d9d9d9',
};
const MEANINGS: Readonly<Record<Stage, string>> = {
  fetch: 'fetch and unpack',
  decode: 'bytes to rows',
  insert: 'send to the store',
  other: 'all else',
};

/**
 * A flame graph: the root at the bottom, width is processor time. The same profile gives the same picture.
 * @param title what was measured, above the picture
 */
export function flameGraph(root: Frame, title: string): string {
  const box = boxOf(root, 'other');
  const scale = WIDTH / box.us;
  const depth = depthOf(box, scale);
  const height = TOP + depth * ROW + 8;
  const boxes: string[] = [];
  draw(box, 0, depth - 1, { scale, total: box.us, into: boxes });
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" font-family="monospace" font-size="10">
<rect width="${WIDTH}" height="${height}" fill="#ffffff"/>
<text x="8" y="16" font-size="13">${escape(title)}</text>
${legend(box)}
${boxes.join('\n')}
</svg>
`;
}

/** Waiting is no use of the processor. */
const HIDDEN = ['(idle)'];

function boxOf(frame: Frame, outer: Stage): Box {
  const stage = stageOf(frame) ?? outer;
  const children = merged(frame.children.filter(({ name }) => !HIDDEN.includes(name)))
    .map((child) => boxOf(child, stage))
    .sort((a, b) => (key(a) < key(b) ? -1 : 1));
  const us = children.reduce((sum, child) => sum + child.us, frame.selfUs);
  return { name: frame.name, file: frame.file, stage, us, children };
}

function key({ name, file }: { readonly name: string; readonly file: string }): string {
  return `${file} ${name}`;
}

/** One frame for all of one function: V8 tells calls from different lines apart. */
function merged(frames: readonly Frame[]): Frame[] {
  const byKey = new Map<string, Frame>();
  for (const frame of frames) {
    const before = byKey.get(key(frame));
    byKey.set(
      key(frame),
      before === undefined
        ? frame
        : {
            ...before,
            selfUs: before.selfUs + frame.selfUs,
            children: [...before.children, ...frame.children],
          },
    );
  }
  return [...byKey.values()];
}

function depthOf(box: Box, scale: number): number {
  if (box.us * scale < NARROWEST) return 0;
  return 1 + Math.max(0, ...box.children.map((child) => depthOf(child, scale)));
}

interface Drawing {
  readonly scale: number;
  readonly total: number;
  readonly into: string[];
}

function draw(box: Box, x: number, level: number, drawing: Drawing): void {
  const width = box.us * drawing.scale;
  if (width < NARROWEST) return;
  const y = TOP + level * ROW;
  const share = `${((100 * box.us) / drawing.total).toFixed(1)} %`;
  const room = Math.floor((width - 4) / FONT_WIDTH);
  const label = labelOf(box, room);
  const text = label === '' ? '' : `<text x="${(x + 2).toFixed(1)}" y="${y + 12}">${escape(label)}</text>`;
  const shape = `<rect x="${x.toFixed(1)}" y="${y}" width="${(width - 0.5).toFixed(1)}" height="${ROW - 1}" fill="${COLOURS[box.stage]}"/>`;
  drawing.into.push(`<g><title>${escape(`${box.name} ${box.file}: ${share}`)}</title>${shape}${text}</g>`);
  let left = x;
  for (const child of box.children) {
    draw(child, left, level - 1, drawing);
    left += child.us * drawing.scale;
  }
}

/** As much of name and file as there is room for; nothing rather than a letter or two. */
function labelOf({ name, file }: Box, room: number): string {
  if (room < 4) return '';
  const whole = file === '' ? name : `${name} ${file}`;
  if (whole.length <= room) return whole;
  return name.length <= room ? name : `${name.slice(0, room - 1)}…`;
}

function legend(box: Box): string {
  const used = shares(box);
  return (Object.keys(COLOURS) as Stage[])
    .map((stage, i) => {
      const x = 8 + i * 230;
      const share = `${((100 * used[stage]) / box.us).toFixed(0)} %`;
      return `<rect x="${x}" y="24" width="12" height="12" fill="${COLOURS[stage]}"/><text x="${x + 18}" y="34">${MEANINGS[stage]}: ${share}</text>`;
    })
    .join('\n');
}

function shares(box: Box): Record<Stage, number> {
  const used: Record<Stage, number> = { fetch: 0, decode: 0, insert: 0, other: 0 };
  const add = ({ stage, us, children }: Box) => {
    used[stage] += children.reduce((own, child) => own - child.us, us);
    children.forEach(add);
  };
  add(box);
  return used;
}

function escape(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}
