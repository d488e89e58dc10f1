import { fill, h } from '../dom.js';

/** The page before anybody has signed in. */
export interface TokenForm {
  readonly element: HTMLElement;
  /** Says why a token was not taken, and puts the cursor back. */
  refuse(why: string): void;
  focus(): void;
}

/** `onToken` settles when the token has been tried; the form is busy meanwhile. */
export function createTokenForm(onToken: (token: string) => Promise<void>): TokenForm {
  const input = h('input', {
    id: 'token',
    type: 'password',
    autocomplete: 'off',
    autocapitalize: 'off',
    spellcheck: 'false',
    required: true,
    'aria-describedby': 'token-note token-refused',
  });
  const refused = h('p', { id: 'token-refused', class: 'refused', role: 'alert' });
  const button = h('button', { type: 'submit', class: 'primary' }, 'Show my network');
  const form = h(
    'form',
    { class: 'token-form', novalidate: true },
    h('label', { for: 'token' }, 'Access token'),
    h('div', { class: 'token-row' }, input, button),
    refused,
    h('p', { id: 'token-note', class: 'note' }, 'Kept in this tab only, and forgotten when you close it.'),
  );
  const refuse = (why: string): void => {
    fill(refused, why);
    input.setAttribute('aria-invalid', 'true');
    input.focus();
    input.select();
  };
  form.addEventListener('submit', (event) => {
    event.preventDefault();
    const token = input.value.trim();
    if (token === '') {
      refuse('Enter the token that you were given.');
      return;
    }
    fill(refused);
    input.removeAttribute('aria-invalid');
    button.disabled = true;
    void onToken(token).finally(() => {
      button.disabled = false;
    });
  });
  const element = h(
    'main',
    { class: 'gate', id: 'answer', tabindex: -1 },
    h('h1', {}, 'Is it you or us?'),
    h(
      'p',
      { class: 'lead' },
      'Which of your packets were dropped, why, whose fault that is, and how long your round trips take: measured in the kernel of the hosts that you run on.',
    ),
    form,
    h(
      'p',
      { class: 'note' },
      'No token yet? An operator makes one with ',
      h('code', {}, 'npx bellwether token create --customer NAME'),
      '.',
    ),
  );
  return { element, refuse, focus: () => input.focus() };
}
