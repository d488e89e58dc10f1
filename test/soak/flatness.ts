/** One quantity over the time of a soak. */
export interface Series {
  readonly name: string;
  /** Seconds since the load began, ascending. */
  readonly seconds: readonly number[];
  readonly values: readonly number[];
}

/** How much more, at the end than after the warm-up, still counts as flat. */
export interface Allowance {
  /** Of the mean. */
  readonly share: number;
  /** In the series' unit; the larger of both is allowed. */
  readonly least: number;
}

export interface Flatness {
  readonly name: string;
  /** Mean after the warm-up. */
  readonly mean: number;
  /** What the line of least squares climbs by from the end of the warm-up to the end. */
  readonly climb: number;
  readonly allowed: number;
  readonly flat: boolean;
}

/** This share of the time belongs to caches that fill, heaps that find their size, and first merges. */
export const WARM_UP = 1 / 3;
const LEAST_POINTS = 3;

/** Too few looks say nothing, so they are not flat. Falling is. */
export function flatnessOf({ name, seconds, values }: Series, allowance: Allowance): Flatness {
  const begin = (seconds.at(-1) ?? 0) * WARM_UP;
  const first = seconds.findIndex((second) => second >= begin);
  const xs = first < 0 ? [] : seconds.slice(first);
  const ys = first < 0 ? [] : values.slice(first);
  const mean = average(ys);
  const climb = slopeOf(xs, ys) * ((xs.at(-1) ?? 0) - (xs[0] ?? 0));
  const allowed = Math.max(mean * allowance.share, allowance.least);
  return { name, mean, climb, allowed, flat: xs.length >= LEAST_POINTS && climb <= allowed };
}

/** Of the line of least squares; 0 for a single point. */
function slopeOf(xs: readonly number[], ys: readonly number[]): number {
  const [meanX, meanY] = [average(xs), average(ys)];
  let [covariance, variance] = [0, 0];
  xs.forEach((x, position) => {
    covariance += (x - meanX) * ((ys[position] ?? meanY) - meanY);
    variance += (x - meanX) ** 2;
  });
  return variance === 0 ? 0 : covariance / variance;
}

function average(values: readonly number[]): number {
  return values.length === 0 ? NaN : values.reduce((sum, value) => sum + value, 0) / values.length;
}
