/** Whether `text` matches a glob of `*` (anything) and `?` (one character); everything else stands for itself. */
export function globMatches(pattern: string, text: string): boolean {
  // Two pointers with one point to go back to: linear for real patterns, never exponential.
  let p = 0;
  let t = 0;
  let star = -1;
  let retry = 0;
  while (t < text.length) {
    if (pattern[p] === '*') {
      star = p++;
      retry = t;
    } else if (p < pattern.length && (pattern[p] === '?' || pattern[p] === text[t])) {
      p++;
      t++;
    } else if (star >= 0) {
      p = star + 1;
      t = ++retry;
    } else {
      return false;
    }
  }
  while (pattern[p] === '*') p++;
  return p === pattern.length;
}
