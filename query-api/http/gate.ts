import { BellwetherError } from '../../common/runtime/errors.js';

export interface GateOptions {
  /** Answers under way at once, all together. */
  readonly limit: number;
  /** Of these for one holder, so that one customer cannot keep the others out. */
  readonly limitPerHolder: number;
  readonly onRefused: (why: 'all' | 'holder') => void;
}

/** Bounds how many answers are computed at once. Beyond, a request is refused at once rather than queued. */
export class Gate {
  readonly #options: GateOptions;
  readonly #underWay = new Map<string, number>();
  #total = 0;

  constructor(options: GateOptions) {
    this.#options = options;
  }

  get underWay(): number {
    return this.#total;
  }

  /**
   * @param holder whose answer it is
   * @throws BellwetherError `too_many_requests`
   */
  async pass<T>(holder: string, work: () => Promise<T>): Promise<T> {
    const { limit, limitPerHolder, onRefused } = this.#options;
    const mine = this.#underWay.get(holder) ?? 0;
    if (mine >= limitPerHolder || this.#total >= limit) {
      onRefused(mine >= limitPerHolder ? 'holder' : 'all');
      throw new BellwetherError(
        'too_many_requests',
        `at most ${limitPerHolder} requests of one customer are answered at a time; try again when one is done`,
      );
    }
    this.#underWay.set(holder, mine + 1);
    this.#total += 1;
    try {
      return await work();
    } finally {
      this.#total -= 1;
      const left = (this.#underWay.get(holder) ?? 1) - 1;
      if (left === 0) this.#underWay.delete(holder);
      else this.#underWay.set(holder, left);
    }
  }
}
