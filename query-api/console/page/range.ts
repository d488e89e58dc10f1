/** How far back the page looks, and in which steps. A step is a multiple of the agents' 5 s window. */
export interface Range {
  /** As the API takes it, after `now-`. */
  readonly id: string;
  readonly label: string;
  /** Completes "in the last …". */
  readonly words: string;
  readonly step: string;
  readonly stepSeconds: number;
}

export const DEFAULT_RANGE: Range = {
  id: '15m',
  label: '15 min',
  words: '15 minutes',
  step: '10s',
  stepSeconds: 10,
};

/** Between 60 and 120 steps each: a bar stays wide enough to be seen on a phone. */
export const RANGES: readonly Range[] = [
  { id: '5m', label: '5 min', words: '5 minutes', step: '5s', stepSeconds: 5 },
  DEFAULT_RANGE,
  { id: '1h', label: '1 h', words: 'hour', step: '30s', stepSeconds: 30 },
  { id: '6h', label: '6 h', words: '6 hours', step: '3m', stepSeconds: 180 },
];

/** The range of that id, or the default. */
export function rangeOf(id: string | null): Range {
  return RANGES.find((range) => range.id === id) ?? DEFAULT_RANGE;
}
