import { fill, h } from '../dom.js';

export interface TableRows {
  readonly head: readonly string[];
  readonly rows: readonly (readonly string[])[];
}

/** The same figures as a chart's, as a table that opens below it: for screen readers, copying, and doubt. */
export interface DataTable {
  readonly element: HTMLElement;
  /** `make` is called only while the table is open. */
  update(make: () => TableRows): void;
}

export function createDataTable(caption: string): DataTable {
  const table = h('table', {});
  const scroller = h('div', { class: 'scroller', tabindex: 0, role: 'region', 'aria-label': caption }, table);
  const details = h('details', { class: 'data' }, h('summary', {}, 'Show as a table'), scroller);
  let latest: (() => TableRows) | undefined;
  const render = (): void => {
    if (!details.open || latest === undefined) return;
    const { head, rows } = latest();
    fill(
      table,
      h('caption', { class: 'hidden' }, caption),
      h('thead', {}, h('tr', {}, ...head.map((name) => h('th', { scope: 'col' }, name)))),
      h(
        'tbody',
        {},
        ...rows.map(([first, ...cells]) =>
          h('tr', {}, h('th', { scope: 'row' }, first), ...cells.map((cell) => h('td', {}, cell))),
        ),
      ),
    );
  };
  details.addEventListener('toggle', render);
  return {
    element: details,
    update: (make) => {
      latest = make;
      render();
    },
  };
}
