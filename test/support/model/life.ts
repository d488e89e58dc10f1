import type { Clock } from '../../../common/runtime/clock.js';
import type { Simulation } from './simulation.js';

type Hook = () => void;

/**
 * One run of a process. Killed, nothing reaches it any more, so its code stands still for good; frozen, what
 * reaches it waits until it wakes up and finds the world changed. What it has sent is under way all the same.
 */
export class Life {
  readonly name: string;
  readonly clock: Clock;
  readonly #sim: Simulation;
  readonly #ended: Hook[] = [];
  readonly #frozen: Hook[] = [];
  readonly #woken: Hook[] = [];
  #held: Hook[] | undefined;
  #alive = true;

  constructor(sim: Simulation, name: string) {
    this.#sim = sim;
    this.name = name;
    this.clock = {
      now: () => sim.nowMs,
      unixMs: () => sim.unixMs,
      sleep: (milliseconds, signal) => this.#sleep(milliseconds, signal),
      jittered: (milliseconds) => milliseconds * sim.random.between(0.8, 1.2),
    };
  }

  get alive(): boolean {
    return this.#alive;
  }

  get frozen(): boolean {
    return this.#held !== undefined;
  }

  /** Something reaches the process: now, when it wakes up, or never. */
  deliver(act: Hook): void {
    if (!this.#alive) return;
    if (this.#held === undefined) act();
    else this.#held.push(act);
  }

  kill(why: string): void {
    if (!this.#alive) return;
    this.#sim.note(() => `${this.name} ends: ${why}`);
    this.#alive = false;
    this.#held = undefined;
    for (const hook of this.#ended) hook();
  }

  freeze(milliseconds: number): void {
    if (!this.#alive || this.#held !== undefined) return;
    this.#sim.note(() => `${this.name} stands still for ${(milliseconds / 1_000).toFixed(1)} s`);
    this.#held = [];
    for (const hook of this.#frozen) hook();
    this.#sim.after(milliseconds, () => this.#wake());
  }

  onEnd(hook: Hook): void {
    this.#ended.push(hook);
  }

  onFreeze(hook: Hook): void {
    this.#frozen.push(hook);
  }

  onWake(hook: Hook): void {
    this.#woken.push(hook);
  }

  #wake(): void {
    const held = this.#held;
    if (held === undefined) return;
    this.#sim.note(() => `${this.name} goes on`);
    this.#held = undefined;
    // Each on its own, as they would come from the event loop.
    for (const act of held) this.#sim.after(0, () => this.deliver(act));
    for (const hook of this.#woken) hook();
  }

  #sleep(milliseconds: number, signal: AbortSignal | undefined): Promise<void> {
    if (signal?.aborted === true) return Promise.resolve();
    return new Promise((resolve) => {
      const end = () => {
        signal?.removeEventListener('abort', end);
        resolve();
      };
      signal?.addEventListener('abort', end);
      this.#sim.after(milliseconds, () => this.deliver(end));
    });
  }
}
