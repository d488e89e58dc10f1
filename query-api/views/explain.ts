import { isCause, isFault, PLATFORM_WORDS, wordsOf } from '../../common/taxonomy/index.js';

/** One sentence of what happened and one of what to do; null where a group has no single cause. */
export interface Explanation {
  readonly explanation: string | null;
  readonly remedy: string | null;
}

/** What customers see instead of the platform's own reasons and causes. */
export const PLATFORM = 'platform';

/** The words for drops of that cause and fault. */
export function explain(drops: {
  readonly cause: string | null;
  readonly fault: string | null;
}): Explanation {
  const { cause, fault } = drops;
  if (cause === PLATFORM) return PLATFORM_WORDS;
  if (cause === null) return { explanation: null, remedy: null };
  // A cause of a newer agent than this reader: its name still shows, its words are not known yet.
  return wordsOf(isCause(cause) ? cause : 'unknown', fault !== null && isFault(fault) ? fault : 'unknown');
}
