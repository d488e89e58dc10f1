import { h } from '../dom.js';
import { causeStyle, causeWords } from '../words/causes.js';

/** The fill that a cause has in the chart; the words beside it carry the meaning. */
export function swatch(cause: string): HTMLElement {
  const style = causeStyle(cause);
  return h('span', {
    class: `swatch cause-${style} ${causeWords(style).pattern}`,
    'aria-hidden': 'true',
  });
}
