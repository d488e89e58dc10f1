import { refusal } from './errors.js';

export interface LaneLimits {
  /** How many run at once. */
  readonly concurrency: number;
  /** How many wait behind them before a further one is refused. */
  readonly queue: number;
}

/**
 * A bounded lane: at most `concurrency` holders and `queue` waiters, first come first served.
 * Reads, statements and inserts each have their own, so that none holds up another.
 */
export class Lane {
  #running = 0;
  #refusing: string | undefined;
  readonly #waiting: { readonly start: () => void; readonly refuse: (error: Error) => void }[] = [];

  constructor(
    readonly name: string,
    private readonly limits: LaneLimits,
    private readonly onRefused: () => void,
  ) {}

  get running(): number {
    return this.#running;
  }

  get waiting(): number {
    return this.#waiting.length;
  }

  /** Runs the work when there is room. @throws StoreError 202 when the queue is full, 236 when stopping. */
  async run<T>(work: () => Promise<T>, signal: AbortSignal): Promise<T> {
    await this.#enter(signal);
    try {
      return await work();
    } finally {
      this.#running -= 1;
      this.#waiting.shift()?.start();
    }
  }

  /** From now on nothing new starts; what waits is refused, what runs goes on. */
  refuse(why: string): void {
    this.#refusing = why;
    for (const waiter of this.#waiting.splice(0)) waiter.refuse(refusal('ABORTED', why));
  }

  /** Resolves when nothing runs any more. */
  async idle(): Promise<void> {
    while (this.#running > 0) await new Promise((resolve) => setTimeout(resolve, 20));
  }

  async #enter(signal: AbortSignal): Promise<void> {
    if (this.#refusing !== undefined) throw refusal('ABORTED', this.#refusing);
    if (this.#running < this.limits.concurrency && this.#waiting.length === 0) {
      this.#running += 1;
      return;
    }
    if (this.#waiting.length >= this.limits.queue) {
      this.onRefused();
      const { concurrency, queue } = this.limits;
      throw refusal(
        'TOO_MANY_SIMULTANEOUS_QUERIES',
        `Too many simultaneous ${this.name}: ${concurrency} run and ${queue} wait; try again later`,
      );
    }
    await new Promise<void>((resolve, reject) => {
      const waiter = {
        start: () => {
          signal.removeEventListener('abort', giveUp);
          this.#running += 1;
          resolve();
        },
        refuse: (error: Error) => {
          signal.removeEventListener('abort', giveUp);
          reject(error);
        },
      };
      const giveUp = () => {
        const at = this.#waiting.indexOf(waiter);
        if (at !== -1) this.#waiting.splice(at, 1);
        reject(refusal('QUERY_WAS_CANCELLED', 'The client went away while the query waited'));
      };
      signal.addEventListener('abort', giveUp, { once: true });
      this.#waiting.push(waiter);
    });
  }
}
