/**
 * What the agent lost and has not told of yet. Every loss goes into the next batch that is made; when that
 * batch itself is lost, its losses come back here, so that nothing is lost silently.
 */
export class Ledger {
  #lost = new Map<string, number>();
  readonly #onLost: (cause: string, count: number) => void;

  /** @param onLost told of each loss once, for the metrics */
  constructor(onLost: (cause: string, count: number) => void = () => undefined) {
    this.#onLost = onLost;
  }

  lose(cause: string, count: number): void {
    if (count <= 0) return;
    this.#onLost(cause, count);
    this.#add(cause, count);
  }

  /** Losses of a batch that was dropped: they were counted once and must be told of again. */
  giveBack(lost: Readonly<Record<string, number>>): void {
    for (const [cause, count] of Object.entries(lost)) this.#add(cause, count);
  }

  /** What is to be told of, by cause; it is not kept. */
  take(): Record<string, number> {
    const taken = Object.fromEntries(this.#lost);
    this.#lost = new Map();
    return taken;
  }

  #add(cause: string, count: number): void {
    this.#lost.set(cause, (this.#lost.get(cause) ?? 0) + count);
  }
}
