import { createDropsChart } from '../charts/drops-chart.js';
import { absence, dropSteps } from '../charts/shape.js';
import type { DropSteps } from '../charts/shape.js';
import { fill, h, setText } from '../dom.js';
import type { Snapshot } from '../live/state.js';
import { causeWords, PLATFORM } from '../words/causes.js';
import { causeEntries } from '../words/drop-summary.js';
import type { CauseEntry } from '../words/drop-summary.js';
import { clock, count, span } from '../words/format.js';
import type { Voice } from '../words/voice.js';
import { voiceFor } from '../words/voice.js';
import { createDataTable } from './data-table.js';
import type { TableRows } from './data-table.js';
import { swatch } from './swatch.js';
import type { View } from './view.js';

const NOT_COVERED =
  'Not counted here: connections refused by a full listen queue, packets that XDP drops in a network driver, and packets that a network card drops before the kernel sees them.';

/** Dropped packets over time, stacked by cause; each cause with its explanation and remedy. */
export function createDrops(): View {
  const readout = h('p', { class: 'readout' });
  const canvas = h('div', {
    class: 'plot',
    role: 'img',
    'aria-label':
      'Bars of dropped packets over time, stacked by cause. The table below has the same figures.',
  });
  const chart = createDropsChart(canvas);
  const table = createDataTable('Dropped packets by time and cause');
  const causes = h('ul', { class: 'causes' });
  const element = h(
    'section',
    { class: 'drops', 'aria-labelledby': 'drops-title' },
    h('h2', { id: 'drops-title' }, 'Dropped packets'),
    h('div', { class: 'figure' }, readout, canvas, table.element),
    causes,
    h('p', { class: 'note coverage' }, NOT_COVERED),
  );
  let steps: DropSteps | undefined;
  let hovered: number | null = null;
  chart.plot.onCursor((index) => {
    hovered = index;
    if (steps !== undefined) setText(readout, readoutOf(steps, hovered));
  });
  let shown: Snapshot['drops'];
  return {
    element,
    update: ({ snapshot, role }) => {
      if (snapshot?.drops === undefined) {
        shown = steps = undefined;
        chart.plot.clear();
        table.update(() => ({ head: [], rows: [] }));
        setText(readout, '');
        showCauses(causes, [], voiceFor(role, ''));
        return;
      }
      if (snapshot.drops === shown) return;
      shown = snapshot.drops;
      const now = (steps = dropSteps(snapshot.drops));
      chart.draw(now);
      setText(readout, readoutOf(now, hovered));
      table.update(() => rowsOf(now));
      showCauses(causes, causeEntries(snapshot.drops), voiceFor(role, snapshot.customer));
    },
  };
}

function showCauses(list: Element, entries: readonly CauseEntry[], voice: Voice): void {
  const key = JSON.stringify([entries, voice.yourSide]);
  if (list.getAttribute('data-key') === key) return;
  list.setAttribute('data-key', key);
  fill(list, ...entries.map((entry) => causeItem(entry, voice)));
}

function causeItem(entry: CauseEntry, voice: Voice): HTMLElement {
  return h(
    'li',
    {},
    h(
      'h3',
      {},
      swatch(entry.cause),
      h(
        'span',
        {},
        h('span', { class: 'cause-label' }, causeWords(entry.cause).label),
        // "Ordinary traffic" says its fault already.
        entry.fault === 'normal' ? undefined : h('span', { class: 'fault' }, voice.fault[entry.fault]),
      ),
      h('span', {}, count(entry.packets)),
    ),
    entry.explanation === '' ? undefined : h('p', {}, entry.explanation),
    entry.remedy === '' ? undefined : h('p', {}, h('strong', {}, 'What to do: '), entry.remedy),
    h('p', { class: 'reasons' }, ...entry.reasons.flatMap(reasonCode)),
  );
}

/** The kernel's name of it; what is internal to the platform has none. */
function reasonCode({ reason }: { readonly reason: string }): (Node | string)[] {
  return reason === PLATFORM ? [] : [h('code', {}, reason), ' '];
}

/** What one step holds: the one under the cursor, else a word on the whole chart. */
function readoutOf(steps: DropSteps, index: number | null): string {
  const time = index === null ? undefined : steps.times[index];
  if (index === null || time === undefined) return `Packets per ${span(steps.stepSeconds)}`;
  const at = clock(time * 1_000);
  const columns = steps.causes.flatMap((cause, row) => {
    const packets = steps.packets[row]?.[index] ?? null;
    return packets === null || packets === 0 ? [] : [`${causeWords(cause).label} ${count(packets)}`];
  });
  if (columns.length > 0) return `${at}: ${columns.join(', ')}`;
  return `${at}: ${absence(steps, index) || 'none dropped'}`;
}

function rowsOf(steps: DropSteps): TableRows {
  return {
    head: ['From', ...steps.causes.map((cause) => `${causeWords(cause).label} (packets)`), 'All'],
    rows: steps.times
      .map((time, index) => {
        const cells = steps.packets.map((column) => column[index] ?? null);
        const absent = absence(steps, index);
        const all = cells.reduce<number>((sum, cell) => sum + (cell ?? 0), 0);
        return [clock(time * 1_000), ...cells.map(count), absent === '' ? count(all) : absent];
      })
      .reverse(),
  };
}
