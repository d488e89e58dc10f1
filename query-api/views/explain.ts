/** Stub until the taxonomy stands. */
export interface Explanation {
  readonly explanation: string | null;
  readonly remedy: string | null;
}
export function explain(_words: { cause: string | null; fault: string | null }): Explanation {
  return { explanation: null, remedy: null };
}
