/**
 * The quantile of a histogram with explicit buckets, as Prometheus' histogram_quantile has it: values are
 * taken to lie evenly in their bucket, the first bucket begins at 0 (or is its bound, when that is not above
 * 0), and of the last one, which has no end, no more is known than where it begins.
 * @param bounds upper bounds, ascending
 * @param counts values in each bucket, one more than there are bounds
 * @param q between 0 and 1
 * @returns in the unit of the bounds; null when there are no values or no bounds
 */
export function explicitQuantile(
  bounds: readonly number[],
  counts: readonly number[],
  q: number,
): number | null {
  const total = counts.reduce((sum, count) => sum + count, 0);
  const last = bounds.at(-1);
  if (total === 0 || last === undefined) return null;
  const rank = q * total;
  let before = 0;
  for (const [place, end] of bounds.entries()) {
    const count = counts[place] ?? 0;
    if (before + count >= rank && count > 0) {
      if (place === 0 && end <= 0) return end;
      const begin = place === 0 ? 0 : (bounds[place - 1] ?? 0);
      return begin + (end - begin) * ((rank - before) / count);
    }
    before += count;
  }
  return last;
}
