import { messageOf } from '../../common/runtime/errors.js';

export interface SelfCheckOptions {
  /** Asks the engine; rejects or never settles when it is lost. */
  readonly ask: () => Promise<void>;
  readonly everyMs: number;
  /** How long an answer may take. */
  readonly limitMs: number;
  readonly onLost: (why: string) => void;
}

/** Asks the engine a trivial question again and again; one without an answer in time is the end. */
export class SelfCheck {
  #timer: NodeJS.Timeout | undefined;
  #stopped = false;

  constructor(private readonly options: SelfCheckOptions) {}

  start(): void {
    this.#timer = setTimeout(() => void this.#check(), this.options.everyMs);
  }

  stop(): void {
    this.#stopped = true;
    clearTimeout(this.#timer);
  }

  async #check(): Promise<void> {
    const { ask, limitMs, onLost } = this.options;
    const lost = (why: string) => {
      if (!this.#stopped) onLost(why);
    };
    const limit = setTimeout(() => lost(`no answer to a trivial query for ${limitMs / 1_000} s`), limitMs);
    await ask().catch((error: unknown) => lost(`the self-check failed: ${messageOf(error)}`));
    clearTimeout(limit);
    if (!this.#stopped) this.start();
  }
}
