import type { Component } from '../runtime/component.js';
import { BellwetherError, messageOf } from '../runtime/errors.js';
import type { Logger } from '../runtime/log.js';
import { Principal } from './principal.js';
import type { ValidToken } from './token-table.js';
import { hashToken } from './token.js';

export interface TokenCacheOptions {
  /** Reads all valid tokens, at most `limit` + 1. */
  readonly read: (limit: number, signal: AbortSignal) => Promise<ValidToken[]>;
  readonly log: Logger;
  readonly metrics: TokenCacheMetrics;
  /** A created or revoked token acts after this at the latest, plus the time of one read. */
  readonly reloadMs?: number;
  /** The table unread for longer: no token can be vouched for. */
  readonly staleLimitMs?: number;
  /** At most one reload in this time because of tokens that are unknown. */
  readonly onDemandMs?: number;
  readonly readTimeoutMs?: number;
  readonly maxTokens?: number;
  readonly now?: () => number;
}

export interface TokenCacheMetrics {
  readonly loaded: (tokens: number) => void;
  readonly failed: () => void;
  readonly onDemand: (outcome: 'reloaded' | 'limited') => void;
}

/**
 * The valid tokens by hash, read anew every second. A lookup touches no store, so a token check costs
 * microseconds and tells nothing by its duration: what is looked up is the SHA-256 of what the client
 * sent, so a client that learned how far a comparison got would learn about a hash that it cannot steer.
 * That is why no constant-time comparison is needed.
 */
export class TokenCache implements Component {
  readonly #options: Required<TokenCacheOptions>;
  #tokens: ReadonlyMap<string, Principal> = new Map();
  #loadedAt = Number.NEGATIVE_INFINITY;
  #onDemandAt = Number.NEGATIVE_INFINITY;
  #reading: Promise<void> | undefined;
  #timer: NodeJS.Timeout | undefined;
  #failing = false;
  #stopped = false;

  constructor(options: TokenCacheOptions) {
    this.#options = {
      reloadMs: 1_000,
      staleLimitMs: 30_000,
      onDemandMs: 250,
      readTimeoutMs: 5_000,
      maxTokens: 100_000,
      now: Date.now,
      ...options,
    };
  }

  async start(): Promise<void> {
    await this.#reload();
    this.#schedule();
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    clearTimeout(this.#timer);
    await this.#reading;
  }

  /** Milliseconds since the table was last read; infinite before the first time. */
  get ageMs(): number {
    return this.#options.now() - this.#loadedAt;
  }

  /** Customers who hold a token. */
  customers(): string[] {
    return [...this.#tokens.values()].flatMap((principal) => principal.customer ?? []);
  }

  /**
   * Who holds this token.
   * @throws BellwetherError `unauthorized` when nobody does, `store_unavailable` when that cannot be known.
   */
  async authenticate(token: string): Promise<Principal> {
    const hash = hashToken(token);
    this.#refuseStale();
    const known = this.#tokens.get(hash);
    if (known !== undefined) return known;
    // It may be a second old. The next reload comes soon anyway, so a flood of wrong tokens costs the
    // store at most one read per `onDemandMs`.
    if (this.#options.now() - this.#onDemandAt < this.#options.onDemandMs) {
      this.#options.metrics.onDemand('limited');
    } else {
      this.#onDemandAt = this.#options.now();
      this.#options.metrics.onDemand('reloaded');
      await this.#reading; // began before the question, so it may have missed the token
      await this.#reload();
    }
    this.#refuseStale();
    const found = this.#tokens.get(hash);
    if (found !== undefined) return found;
    throw new BellwetherError('unauthorized', 'this token is not known, or it was revoked');
  }

  #refuseStale(): void {
    if (this.ageMs <= this.#options.staleLimitMs) return;
    throw new BellwetherError(
      'store_unavailable',
      'tokens cannot be checked: the token table has not been read lately',
    );
  }

  #schedule(): void {
    if (this.#stopped) return;
    this.#timer = setTimeout(() => {
      void this.#reload().then(() => this.#schedule());
    }, this.#options.reloadMs);
  }

  #reload(): Promise<void> {
    this.#reading ??= this.#read().finally(() => {
      this.#reading = undefined;
    });
    return this.#reading;
  }

  /** Never rejects: a table that cannot be read leaves the last good state, until that is too old. */
  async #read(): Promise<void> {
    const { read, maxTokens, readTimeoutMs, metrics, log, now } = this.#options;
    const began = now();
    try {
      const rows = await read(maxTokens, AbortSignal.timeout(readTimeoutMs));
      if (rows.length > maxTokens) throw new RangeError(`more than ${maxTokens} valid tokens`);
      this.#tokens = new Map(rows.map((row) => [row.hash, Principal.ofToken(row)]));
      this.#loadedAt = began;
      metrics.loaded(rows.length);
      if (this.#failing) log.info({ tokens: rows.length }, 'the token table can be read again');
      this.#failing = false;
    } catch (error) {
      metrics.failed();
      // Once per outage, not once a second.
      if (!this.#failing) log.warn({ error: messageOf(error) }, 'the token table cannot be read');
      this.#failing = true;
    }
  }
}
