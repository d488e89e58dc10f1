import { fill, h, toggle } from '../dom.js';
import type { Live } from '../live/live.js';
import type { State } from '../live/state.js';
import { RANGES } from '../range.js';
import { brand } from './brand.js';
import type { View } from './view.js';

/** Name, customer, range, sign-out: what the reader chooses. */
export function createTopBar(live: Live, state: State, onSignOut: () => void): View {
  const customer = state.role === 'operator' ? customerSelect(live) : customerName();
  const ranges = rangeChoice(live);
  const signOut = h('button', { type: 'button', class: 'quiet' }, 'Sign out');
  signOut.addEventListener('click', onSignOut);
  const element = h('header', { class: 'top-bar' }, brand(), customer.element, ranges.element, signOut);
  return {
    element,
    update: (next) => {
      customer.update(next);
      ranges.update(next);
    },
  };
}

function customerName(): View {
  const element = h('p', { class: 'customer' });
  return { element, update: ({ customer }) => fill(element, customer ?? '') };
}

function customerSelect(live: Live): View {
  const select = h('select', { id: 'customer' });
  select.addEventListener('change', () => live.setCustomer(select.value));
  let shown = '';
  return {
    element: h(
      'p',
      { class: 'customer' },
      h('label', { for: 'customer', class: 'hidden' }, 'Customer'),
      select,
    ),
    update: ({ customers, customer }) => {
      const names = customers.join('\n');
      if (names !== shown) {
        shown = names;
        fill(select, ...customers.map((name) => h('option', { value: name }, name)));
      }
      if (customer !== undefined && select.value !== customer) select.value = customer;
      toggle(select, 'disabled', customers.length === 0);
    },
  };
}

function rangeChoice(live: Live): View {
  const radios = RANGES.map((range) => {
    const input = h('input', { type: 'radio', name: 'range', value: range.id, id: `range-${range.id}` });
    input.addEventListener('change', () => live.setRange(range));
    return { range, input };
  });
  const element = h(
    'fieldset',
    { class: 'ranges' },
    h('legend', { class: 'hidden' }, 'Show the last'),
    ...radios.map(({ range, input }) => h('span', {}, input, h('label', { for: input.id }, range.label))),
  );
  return {
    element,
    update: (state) => {
      for (const { range, input } of radios) input.checked = range.id === state.range.id;
    },
  };
}
