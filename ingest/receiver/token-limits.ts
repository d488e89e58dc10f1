import { BellwetherError } from '../../common/runtime/errors.js';

export interface TokenLimitsOptions {
  /** Requests under way at once, all together. */
  readonly concurrency: number;
  /** Of these with one token, so that one sender cannot keep the others out. */
  readonly concurrencyPerToken: number;
  /** Requests a second with one token; twice as many may come at once. */
  readonly ratePerToken: number;
  readonly onRefused: (why: RefusedBy) => void;
  readonly now?: () => number;
}

export type RefusedBy = 'all' | 'token' | 'rate';

interface Account {
  underWay: number;
  /** Requests that may still come at once. */
  allowance: number;
  /** When the allowance was right, milliseconds. */
  at: number;
}

/**
 * Bounds what is under way and how fast it comes. Beyond, a request is refused at once: an OTLP exporter keeps
 * what it has and tries again, so a queue here would only be a second one. Asked for verified tokens only, of
 * which there are few; a token at rest is forgotten.
 */
export class TokenLimits {
  readonly #options: Required<TokenLimitsOptions>;
  readonly #accounts = new Map<string, Account>();
  #underWay = 0;

  constructor(options: TokenLimitsOptions) {
    this.#options = { now: () => performance.now(), ...options };
  }

  get underWay(): number {
    return this.#underWay;
  }

  get tokens(): number {
    return this.#accounts.size;
  }

  /**
   * Lets a request in. @returns what must be called once when it is done.
   * @throws BellwetherError `too_many_requests`.
   */
  enter(tokenId: string): () => void {
    const { concurrency, concurrencyPerToken, ratePerToken } = this.#options;
    const account = this.#account(tokenId);
    if (account.underWay >= concurrencyPerToken) {
      throw this.#refuse(
        'token',
        `at most ${concurrencyPerToken} requests with one token are under way at once`,
      );
    }
    if (this.#underWay >= concurrency) throw this.#refuse('all', 'too many requests are under way');
    if (account.allowance < 1) {
      throw this.#refuse('rate', `at most ${ratePerToken} requests a second are taken with one token`);
    }
    account.allowance -= 1;
    account.underWay += 1;
    this.#underWay += 1;
    this.#accounts.set(tokenId, account);
    let isDone = false;
    return () => {
      if (isDone) return;
      isDone = true;
      account.underWay -= 1;
      this.#underWay -= 1;
      this.#forgetResting();
    };
  }

  #account(tokenId: string): Account {
    const { now, ratePerToken } = this.#options;
    const burst = ratePerToken * 2;
    const known = this.#accounts.get(tokenId);
    if (known === undefined) return { underWay: 0, allowance: burst, at: now() };
    const earned = ((now() - known.at) / 1_000) * ratePerToken;
    known.allowance = Math.min(burst, known.allowance + earned);
    known.at = now();
    return known;
  }

  /** Looks at the one that came first: each token is met in its turn. */
  #forgetResting(): void {
    const [first] = this.#accounts;
    if (first === undefined) return;
    const [tokenId, account] = first;
    const { now } = this.#options;
    this.#accounts.delete(tokenId);
    // A burst is earned anew in two seconds.
    if (account.underWay > 0 || now() - account.at < 2_000) this.#accounts.set(tokenId, account);
  }

  #refuse(why: RefusedBy, detail: string): BellwetherError {
    this.#options.onRefused(why);
    return new BellwetherError('too_many_requests', `${detail}; try again after a second`);
  }
}
