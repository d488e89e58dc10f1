import type { Api } from '../api/api.js';
import type { ApiProblem } from '../api/problem.js';
import { h } from '../dom.js';
import { createLive } from '../live/live.js';
import type { Timers } from '../live/poller.js';
import { createStore } from '../live/state.js';
import type { State } from '../live/state.js';
import { createDrops } from './drops.js';
import { createEvents } from './events.js';
import { createLatency } from './latency.js';
import { createProblemBar } from './problem-bar.js';
import { createTopBar } from './top-bar.js';
import { createVerdict } from './verdict.js';

/** Everything that a signed-in reader sees. */
export interface Board {
  readonly elements: readonly HTMLElement[];
  /** `byHand`: the reader has just entered a token, so the place to read on is the answer. */
  start(byHand: boolean): void;
  stop(): void;
}

const timers: Timers = {
  now: () => Date.now(),
  after: (delayMs, run) => {
    const timer = setTimeout(run, delayMs);
    return () => clearTimeout(timer);
  },
};

/** `onSignOut` is called with the problem when the token has stopped being valid. */
export function createBoard(api: Api, initial: State, onSignOut: (problem?: ApiProblem) => void): Board {
  const store = createStore(initial);
  const live = createLive(api, store, timers, onSignOut);
  const topBar = createTopBar(live, initial, () => onSignOut());
  const verdict = createVerdict(live);
  const views = [topBar, createProblemBar(live), verdict, createDrops(), createLatency(), createEvents()];
  const [, ...sections] = views;
  const main = h('main', { id: 'answer', tabindex: -1 }, ...sections.map(({ element }) => element));
  const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
  const footer = h(
    'footer',
    {},
    h(
      'p',
      {},
      `Times are in ${zone}. The same answers for programs: `,
      h('a', { href: '/openapi.json' }, 'openapi.json'),
    ),
  );
  let ticking: number | undefined;
  const onVisibility = (): void => live.setHidden(document.hidden);
  store.subscribe((state) => {
    for (const view of views) view.update(state);
    rememberInAddress(state);
  });
  return {
    elements: [topBar.element, main, footer],
    start: (byHand) => {
      document.addEventListener('visibilitychange', onVisibility);
      store.set({});
      if (byHand) verdict.focus();
      onVisibility();
      ticking = window.setInterval(() => views.forEach((view) => view.tick?.()), 1_000);
    },
    stop: () => {
      document.removeEventListener('visibilitychange', onVisibility);
      clearInterval(ticking);
      live.stop();
    },
  };
}

/** A reload or a bookmark shows the same customer and range. */
function rememberInAddress({ role, customer, range }: State): void {
  const search = new URLSearchParams({ range: range.id });
  if (role === 'operator' && customer !== undefined) search.set('customer', customer);
  const address = `${location.pathname}?${search.toString()}`;
  if (address !== location.pathname + location.search) history.replaceState(null, '', address);
}
