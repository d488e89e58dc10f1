import { h, setText } from '../dom.js';

/**
 * Tells a screen reader when the verdict changes. The figures in it change with every poll; reading each
 * out would drown everything else, so only a change of `key` is said.
 */
export interface Announcer {
  readonly element: HTMLElement;
  say(key: string, words: string): void;
}

export function createAnnouncer(): Announcer {
  const element = h('p', { class: 'hidden', role: 'status', 'aria-live': 'polite', 'aria-atomic': 'true' });
  let said = '';
  return {
    element,
    say: (key, words) => {
      if (key === said) return;
      said = key;
      setText(element, words);
    },
  };
}
