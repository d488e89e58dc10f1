import { createApi } from './api/client.js';
import { ApiProblem } from './api/problem.js';
import { fill, h } from './dom.js';
import { createTokenStore } from './live/session.js';
import { signIn } from './live/sign-in.js';
import { remedyFor } from './words/remedies.js';
import { createBoard } from './views/board.js';
import type { Board } from './views/board.js';
import { brand } from './views/brand.js';
import { createTokenForm } from './views/token-form.js';

const RETRY_MS = 5_000;

/** The page: a form for the token, or the board of one customer. */
function start(root: HTMLElement): void {
  const tokens = createTokenStore(sessionStorage);
  let board: Board | undefined;

  const showForm = (problem?: ApiProblem): void => {
    board?.stop();
    board = undefined;
    tokens.forget();
    document.title = 'Bellwether';
    const form = createTokenForm(async (token) => {
      const refusal = await enter(token, true);
      if (refusal !== undefined) form.refuse(`${refusal.title}. ${remedyFor(refusal)}`);
    });
    fill(root, h('header', { class: 'top-bar' }, brand()), form.element);
    if (problem === undefined) form.focus();
    else form.refuse(`${problem.title}. ${remedyFor(problem)}`);
  };

  /** Shows the board, or says why not. */
  const enter = async (token: string, byHand: boolean): Promise<ApiProblem | undefined> => {
    const api = createApi(token);
    try {
      const state = await signIn(api, new URLSearchParams(location.search));
      tokens.write(token);
      board = createBoard(api, state, showForm);
      fill(root, ...board.elements);
      board.start(byHand);
      return undefined;
    } catch (thrown) {
      if (thrown instanceof ApiProblem) return thrown;
      throw thrown;
    }
  };

  /** A reload while the API is away keeps the token and waits; only a refusal asks for a new one. */
  const resume = async (token: string): Promise<void> => {
    const problem = await enter(token, false);
    if (problem === undefined) return;
    if (problem.status === 401) {
      showForm(problem);
      return;
    }
    fill(
      root,
      h('header', { class: 'top-bar' }, brand()),
      h(
        'main',
        { class: 'gate', id: 'answer', tabindex: -1 },
        h('h1', {}, `${problem.title}.`),
        h('p', { class: 'lead', role: 'status' }, remedyFor(problem)),
      ),
    );
    setTimeout(() => void resume(token), RETRY_MS);
  };

  const held = tokens.read();
  if (held === null) showForm();
  else void resume(held);
}

const root = document.getElementById('page');
if (root !== null) start(root);
