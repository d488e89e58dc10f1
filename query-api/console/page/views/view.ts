import type { State } from '../live/state.js';

/** A part of the page: made once, then brought up to date in place. */
export interface View {
  readonly element: HTMLElement;
  update(state: State): void;
  /** Called each second: ages and countdowns. */
  tick?(): void;
}
