import type { Clock } from '../../common/runtime/clock.js';

/** A sleep that somebody else can end. */
export class Waker {
  readonly #clock: Clock;
  #woken = false;
  #sleeping: AbortController | undefined;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Ends the sleep, or the next one if nobody sleeps. */
  wake(): void {
    this.#woken = true;
    this.#sleeping?.abort();
  }

  async sleep(milliseconds: number): Promise<void> {
    if (!this.#woken) {
      this.#sleeping = new AbortController();
      await this.#clock.sleep(milliseconds, this.#sleeping.signal);
      this.#sleeping = undefined;
    }
    this.#woken = false;
  }
}
