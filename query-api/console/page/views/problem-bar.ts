import { fill, h, toggle } from '../dom.js';
import type { Live } from '../live/live.js';
import { remedyFor } from '../words/remedies.js';
import type { View } from './view.js';

/** What went wrong, what to do, and when the page tries again. Hidden while all is well. */
export function createProblemBar(live: Live): View {
  const words = h('div', { class: 'problem-words' });
  const countdown = h('span', { class: 'countdown' });
  const retry = h('button', { type: 'button' }, 'Try now');
  retry.addEventListener('click', () => live.refresh());
  const alert = h('div', { role: 'alert' }, words);
  const element = h(
    'aside',
    { class: 'problem', hidden: true, 'aria-label': 'Problem' },
    alert,
    countdown,
    retry,
  );
  let shown = '';
  const showCountdown = (): void => {
    const { nextAt } = live;
    const seconds = nextAt === undefined ? 0 : Math.max(Math.ceil((nextAt - Date.now()) / 1_000), 0);
    fill(countdown, seconds === 0 ? '' : `Next try in ${seconds} s`);
  };
  return {
    element,
    tick: () => {
      if (!element.hidden) showCountdown();
    },
    update: ({ problem, snapshot }) => {
      toggle(element, 'hidden', problem === undefined);
      const key = problem === undefined ? '' : `${problem.code}/${problem.detail}`;
      if (key !== shown) {
        shown = key;
        fill(
          words,
          ...(problem === undefined
            ? []
            : [
                h('p', { class: 'problem-title' }, `${problem.title}.`),
                problem.detail === '' ? undefined : h('p', {}, sentence(problem.detail)),
                h('p', {}, remedyFor(problem)),
                snapshot === undefined
                  ? undefined
                  : h('p', {}, 'What you see below is what was known before.'),
              ]),
        );
      }
      showCountdown();
    },
  };
}

function sentence(detail: string): string {
  const first = detail.charAt(0).toUpperCase() + detail.slice(1);
  return /[.!?]$/.test(first) ? first : `${first}.`;
}
