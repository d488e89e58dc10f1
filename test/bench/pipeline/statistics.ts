/** Figures of few repeats, as the benches print them. */

/** The value at rank ⌈q · n⌉. @throws RangeError of none. */
export function percentile(values: readonly number[], q: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  const value = sorted[Math.max(0, Math.ceil(q * sorted.length) - 1)];
  if (value === undefined) throw new RangeError('there are no values');
  return value;
}

export function middle(values: readonly number[]): number {
  return percentile(values, 0.5);
}

/** `middle (least to most)`, with so many decimals. */
export function range(values: readonly number[], decimals: number): string {
  const [low, high] = [Math.min(...values), Math.max(...values)];
  return `${middle(values).toFixed(decimals)} (${low.toFixed(decimals)} to ${high.toFixed(decimals)})`;
}

/** Whole numbers: `middle (least to most, n runs)`. */
export function spread(values: readonly number[]): string {
  const text = (value: number) => Math.round(value).toLocaleString('en');
  const [low, high] = [Math.min(...values), Math.max(...values)];
  return `${text(middle(values))} (${text(low)} to ${text(high)}, ${values.length} runs)`;
}
