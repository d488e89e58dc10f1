import { causeStyle, causeWords } from '../words/causes.js';
import type { Pattern } from '../words/causes.js';

export type Paint = string | CanvasPattern;

/** Colours of a canvas, read from the style sheet, so that light and dark have one source. */
export interface Colours {
  readonly ink: string;
  readonly muted: string;
  readonly hairline: string;
  readonly paper: string;
  readonly veil: string;
  readonly latency: string;
  readonly latencyBand: string;
  readonly volume: string;
  cause(cause: string): Paint;
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
    paper,
    veil: value('veil'),
    latency: value('latency'),
    latencyBand: value('latency-band'),
    volume: value('volume'),
    gap: striped(value('hatch'), 'transparent', 'diagonal'),
    cause: (cause) => {
      const style = causeStyle(cause);
      const known = paints.get(style);
      if (known !== undefined) return known;
      const colour = value(`cause-${style}`);
      const { pattern } = causeWords(style);
      const paint = pattern === 'solid' ? colour : striped(colour, paper, pattern);
      paints.set(style, paint);
      return paint;
    },
  };
}

const TILE = 6;

/** A tile of stripes; the same angle and width as the swatches have in the style sheet. */
function striped(colour: string, ground: string, pattern: Exclude<Pattern, 'solid'>): Paint {
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
  context.lineWidth = pattern === 'diagonal' ? 2.2 : 3;
  context.beginPath();
  if (pattern === 'horizontal') {
    context.moveTo(0, TILE / 2);
    context.lineTo(TILE, TILE / 2);
  } else {
    // Drawn three times so that the corners of neighbouring tiles meet.
    for (const shift of [-TILE, 0, TILE]) {
      context.moveTo(shift - 1, TILE + 1);
      context.lineTo(shift + TILE + 1, -1);
    }
  }
  context.stroke();
  return context.createPattern(tile, 'repeat') ?? colour;
}
