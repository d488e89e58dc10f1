import type { DropEvent } from '../api/answers.js';
import { fill, h, setText, toggle } from '../dom.js';
import type { State } from '../live/state.js';
import { causeWords, PLATFORM } from '../words/causes.js';
import { clock, count, endpoint, NOTHING } from '../words/format.js';
import type { Voice } from '../words/voice.js';
import { voiceFor } from '../words/voice.js';
import { swatch } from './swatch.js';
import type { View } from './view.js';

/** More are a button away: a page that one can take in comes first. */
const FIRST_ROWS = 8;
const HEAD = ['Time', 'Cause', 'From', 'To', 'Protocol', 'Where', 'App', 'Bytes'] as const;

/**
 * The newest sampled drops. On a phone the style sheet turns rows into cards; the roles are written out
 * because a table that is not displayed as one loses them.
 */
export function createEvents(): View {
  const body = h('tbody', { role: 'rowgroup' });
  const table = h(
    'table',
    { role: 'table', class: 'events-table' },
    h('caption', { class: 'hidden' }, 'Sampled dropped packets, newest first'),
    h(
      'thead',
      { role: 'rowgroup' },
      h('tr', { role: 'row' }, ...HEAD.map((name) => h('th', { role: 'columnheader', scope: 'col' }, name))),
    ),
    body,
  );
  const scroller = h(
    'div',
    { class: 'scroller', tabindex: 0, role: 'region', 'aria-labelledby': 'events-title' },
    table,
  );
  const empty = h('p', { class: 'note', hidden: true }, 'No dropped packet was sampled in this range.');
  const more = h('button', { type: 'button', class: 'more' });
  let expanded = false;
  let latest: State | undefined;
  more.addEventListener('click', () => {
    expanded = !expanded;
    if (latest !== undefined) update(latest);
  });
  let shown = '';
  const update = (state: State): void => {
    latest = state;
    const { snapshot, role } = state;
    const events = snapshot?.events?.events ?? [];
    toggle(empty, 'hidden', snapshot?.events === undefined || events.length > 0);
    toggle(scroller, 'hidden', events.length === 0);
    toggle(more, 'hidden', events.length <= FIRST_ROWS);
    setText(more, expanded ? `Show the newest ${FIRST_ROWS}` : `Show all ${events.length}`);
    more.setAttribute('aria-expanded', String(expanded));
    const visible = expanded ? events : events.slice(0, FIRST_ROWS);
    const key = JSON.stringify([snapshot?.customer, visible]);
    if (key === shown) return;
    shown = key;
    const voice = voiceFor(role, snapshot?.customer ?? '');
    fill(body, ...visible.map((event) => row(event, voice)));
  };
  return {
    element: h(
      'section',
      { class: 'events', 'aria-labelledby': 'events-title' },
      h('h2', { id: 'events-title' }, 'Recent dropped packets'),
      h(
        'p',
        { class: 'note' },
        'A sample with the packet’s addresses and ports; the figures above count all of them.',
      ),
      empty,
      scroller,
      more,
    ),
    update,
  };
}

function row(event: DropEvent, voice: Voice): HTMLElement {
  const where = [event.place, event.interfaceName].filter((part) => part !== '').join(' · ');
  const app = [event.app, event.instance].filter((part) => part !== '').join(' / ');
  const cells: readonly (readonly (Node | string)[])[] = [
    [clock(event.time)],
    [
      h('span', { class: 'event-cause' }, swatch(event.cause), causeWords(event.cause).label),
      h('span', { class: 'event-reason' }, ...reasonAndFault(event, voice)),
    ],
    [endpoint(event.sourceAddress, event.sourcePort)],
    [endpoint(event.destinationAddress, event.destinationPort)],
    [event.protocol.toUpperCase()],
    [where === '' ? NOTHING : where],
    [app === '' ? NOTHING : app],
    [count(event.lengthBytes)],
  ];
  return h(
    'tr',
    { role: 'row' },
    ...cells.map((cell, index) => h('td', { role: 'cell', 'data-label': HEAD[index] }, ...cell)),
  );
}

function reasonAndFault({ reason, fault }: DropEvent, voice: Voice): (Node | string)[] {
  const whose = voice.fault[fault];
  return reason === PLATFORM ? [whose] : [h('code', {}, reason), ` · ${whose}`];
}
