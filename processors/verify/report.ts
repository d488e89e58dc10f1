/** What became of one host's window. Points, but for `lostOnHost` (measurements) and `repeats` (messages). */
export interface WindowReport {
  readonly host: string;
  /** Start of the window, Unix milliseconds. */
  readonly windowMs: number;
  /** In the log, each message once. */
  produced: number;
  stored: number;
  /** Not committed by the writers yet, and not stored. */
  pending: number;
  /** By reason of the dead letter. A message that cannot be read counts as one point. */
  readonly refused: Record<string, number>;
  /** Before the log, by cause: the agent's own ledger. */
  readonly lostOnHost: Record<string, number>;
  /** Messages that said again what another had said. */
  repeats: number;
  /** What is not as it must be, in words; empty: equal. */
  readonly problems: string[];
}

/** At the end: sums over all windows. */
export interface Totals {
  readonly hosts: number;
  readonly windows: number;
  readonly produced: number;
  readonly stored: number;
  readonly pending: number;
  readonly refused: Readonly<Record<string, number>>;
  readonly lostOnHost: Readonly<Record<string, number>>;
  readonly repeats: number;
  /** Windows that are not equal. */
  readonly unequal: number;
  /** Messages that retention removed from the log before the writers had read them; of the whole log. */
  readonly expired: number;
  /** Whether all that was produced is stored, refused with a reason, or still to come. */
  readonly equal: boolean;
  /** What could not be looked at, in words. */
  readonly notes: readonly string[];
}

export function newReport(host: string, windowMs: number): WindowReport {
  return {
    host,
    windowMs,
    produced: 0,
    stored: 0,
    pending: 0,
    refused: {},
    lostOnHost: {},
    repeats: 0,
    problems: [],
  };
}

/** Adds numbers by name. */
export function addTo(into: Record<string, number>, more: Readonly<Record<string, number>>): void {
  for (const [name, count] of Object.entries(more)) {
    if (count > 0) into[name] = (into[name] ?? 0) + count;
  }
}

/** Adds up reports as they come, and keeps none of them. */
export class Adding {
  readonly #hosts = new Set<string>();
  readonly #refused: Record<string, number> = {};
  readonly #lostOnHost: Record<string, number> = {};
  #windows = 0;
  #produced = 0;
  #stored = 0;
  #pending = 0;
  #repeats = 0;
  #unequal = 0;

  get pending(): number {
    return this.#pending;
  }

  add(report: WindowReport): void {
    this.#hosts.add(report.host);
    this.#windows += 1;
    this.#produced += report.produced;
    this.#stored += report.stored;
    this.#pending += report.pending;
    this.#repeats += report.repeats;
    if (report.problems.length > 0) this.#unequal += 1;
    addTo(this.#refused, report.refused);
    addTo(this.#lostOnHost, report.lostOnHost);
  }

  totals(expired: number, notes: readonly string[]): Totals {
    return {
      hosts: this.#hosts.size,
      windows: this.#windows,
      produced: this.#produced,
      stored: this.#stored,
      pending: this.#pending,
      refused: this.#refused,
      lostOnHost: this.#lostOnHost,
      repeats: this.#repeats,
      unequal: this.#unequal,
      expired,
      equal: this.#unequal === 0 && expired === 0,
      notes,
    };
  }
}
