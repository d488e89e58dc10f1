import { causeStyle, causeWords } from '../words/causes.js';

export type Paint = string | CanvasPattern;

/** Colours of a canvas, read from the style sheet, so that light and dark have one source. */
export interface Colours {
  readonly ink: string;
  readonly muted: string;
  readonly hairline: string;
  readonly control: string;
  readonly paper: string;
  readonly veil: string;
  readonly latency: string;
  readonly latencyBand: string;
  readonly volume: string;
  cause(cause: string): Paint;
  /** Around a bar: paper parts solid fills, all else is held together by its own colour. */
  outline(cause: string): string;
  /** For steps that were not measured. */
  readonly gap: Paint;
}

let cached: Colours | undefined;

/** The colours that hold now. */
export function colours(): Colours {
  cached ??= read();
  return cached;
}

/** Calls back, with the new colours in force, when the reader's light or dark changes. */
export function onSchemeChange(listener: () => void): void {
  matchMedia('(prefers-color-scheme: dark)').addEventListener('change', () => {
    cached = undefined;
    listener();
  });
}

function read(): Colours {
  const style = getComputedStyle(document.documentElement);
  const value = (name: string): string => style.getPropertyValue(`--${name}`).trim();
  const paints = new Map<string, Paint>();
  const paper = value('paper');
  return {
    ink: value('ink'),
    muted: value('muted'),
    hairline: value('hairline'),
    control: value('control'),
    paper,
    veil: value('veil'),
    latency: value('latency'),
    latencyBand: value('latency-band'),
    volume: value('volume'),
    gap: striped(value('hatch'), 'transparent'),
    outline: (cause) =>
      causeWords(causeStyle(cause)).pattern === 'solid' ? paper : value(`cause-${causeStyle(cause)}`),
    cause: (cause) => {
      const style = causeStyle(cause);
      const known = paints.get(style);
      if (known !== undefined) return known;
      const colour = value(`cause-${style}`);
      const { pattern } = causeWords(style);
      const paint = pattern === 'solid' ? colour : pattern === 'hollow' ? paper : striped(colour, paper);
      paints.set(style, paint);
      return paint;
    },
  };
}

const TILE = 6;

/** A tile of stripes; the same angle and width as the swatches have in the style sheet. */
function striped(colour: string, ground: string): Paint {
  const scale = window.devicePixelRatio;
  const tile = document.createElement('canvas');
  tile.width = tile.height = Math.round(TILE * scale);
  const context = tile.getContext('2d');
  if (context === null) return colour;
  context.scale(tile.width / TILE, tile.height / TILE);
  if (ground !== 'transparent') {
    context.fillStyle = ground;
    context.fillRect(0, 0, TILE, TILE);
  }
  context.strokeStyle = colour;
  context.lineWidth = 2.2;
  context.beginPath();
  // Drawn three times so that the corners of neighbouring tiles meet.
  for (const shift of [-TILE, 0, TILE]) {
    context.moveTo(shift - 1, TILE + 1);
    context.lineTo(shift + TILE + 1, -1);
  }
  context.stroke();
  return context.createPattern(tile, 'repeat') ?? colour;
}
