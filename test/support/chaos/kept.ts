import { setTimeout as sleep } from 'node:timers/promises';
import { messageOf } from '../../../common/runtime/errors.js';
import { until } from '../until.js';

/** One life of a process. */
export interface Life {
  readonly exited: Promise<unknown>;
  end(signal: 'SIGTERM' | 'SIGKILL'): Promise<unknown>;
}

export interface KeptOptions {
  readonly name: string;
  /** @param life counts the starts, from 0 */
  readonly start: (life: number) => Promise<Life>;
  /** Whether it works: not only lives. */
  readonly isUp: () => Promise<boolean>;
}

/** Between the end of a process and its next start, milliseconds; the supervisor's first pause is as long. */
const PAUSE_MS = 500;

/** A process that is started again whenever it ends, as the supervisor does it. */
export class Kept {
  readonly #options: KeptOptions;
  readonly #stop = new AbortController();
  #life: Life | undefined;
  #expected = false;
  #loop: Promise<void> | undefined;
  kills = 0;
  /** Ends that nobody asked for, and starts that failed. */
  ownEnds = 0;

  constructor(options: KeptOptions) {
    this.#options = options;
  }

  get name(): string {
    return this.#options.name;
  }

  /** Starts it; resolves when it works. */
  async start(limitMs = 60_000): Promise<void> {
    this.#loop = this.#keep();
    await this.whenUp(limitMs);
  }

  /** @throws Error when it does not work within the limit. */
  async whenUp(limitMs: number): Promise<void> {
    const isUp = () => this.#options.isUp().catch(() => false);
    await until(`${this.name} is up`, isUp, limitMs);
  }

  /** Whether there is anything to kill. */
  isThere(): boolean {
    return this.#life !== undefined;
  }

  /** SIGKILL, wherever it stands. */
  async kill(): Promise<void> {
    if (this.#life === undefined) return;
    this.kills += 1;
    this.#expected = true;
    await this.#life.end('SIGKILL');
  }

  /** From here on it stays away. */
  async stop(): Promise<void> {
    this.#stop.abort();
    this.#expected = true;
    await this.#life?.end('SIGTERM');
    await this.#loop;
  }

  async #keep(): Promise<void> {
    for (let life = 0; !this.#isStopped(); life += 1) {
      this.#expected = false;
      await this.#live(life).catch((error: unknown) => {
        process.stderr.write(`${this.name} did not start: ${messageOf(error)}\n`);
      });
      this.#life = undefined;
      this.#countEnd();
      if (!this.#isStopped()) await sleep(PAUSE_MS);
    }
  }

  async #live(number: number): Promise<void> {
    this.#life = await this.#options.start(number);
    // It may have been stopped while it started.
    if (this.#isStopped()) await this.#life.end('SIGTERM');
    await this.#life.exited;
  }

  #countEnd(): void {
    if (!this.#expected) this.ownEnds += 1;
  }

  #isStopped(): boolean {
    return this.#stop.signal.aborted;
  }
}
