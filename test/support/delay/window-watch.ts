import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import { hostId, windowStart, type FleetPlan } from '../fleet/plan.js';

/**
 * Between the end of one look and the next, milliseconds: what a delay may be measured too long by. Each look
 * costs as much as a reader's answer: with 20 ms they took as much of the machine as the four readers together.
 */
const PAUSE_MS = 250;

const ledger = z.object({
  windows: z.array(z.object({ host: z.string(), window_start: z.string() })),
});

/**
 * Asks the API for the ledger of the newest windows, again and again, and notes when each host's window first stands
 * there. The writer inserts the ledger's row last, so whatever it speaks of can be read by then.
 */
export class WindowWatch {
  readonly #api: string;
  readonly #token: string;
  readonly #plan: FleetPlan;
  readonly #windows: number;
  readonly #delays: { readonly window: number; readonly ms: number }[] = [];
  readonly #open = new Map<string, number>();
  #answers = 0;
  #failures = 0;
  #stop = false;

  /** @param windows how many of the plan's windows there are */
  constructor(api: string, token: string, plan: FleetPlan, windows: number) {
    this.#api = api;
    this.#token = token;
    this.#plan = plan;
    this.#windows = windows;
    for (let window = 0; window < windows; window += 1) {
      const startMs = windowStart(plan, window);
      for (let host = 0; host < plan.hosts; host += 1) {
        this.#open.set(`${hostId(plan, host)} ${startMs}`, startMs + plan.windowMs);
      }
    }
  }

  /** From the end of a window until a host's part of it is in an answer, of window `first` and later ones. */
  delays(first: number, end = Infinity): number[] {
    return this.#delays.filter(({ window }) => window >= first && window < end).map(({ ms }) => ms);
  }

  /** Hosts' windows that no answer has shown. */
  get missing(): number {
    return this.#open.size;
  }

  get answers(): number {
    return this.#answers;
  }

  get failures(): number {
    return this.#failures;
  }

  /** Looks until all is seen, or until it is stopped. */
  async run(): Promise<void> {
    while (!this.#stop && this.#open.size > 0) {
      await this.#look().catch(() => (this.#failures += 1));
      await sleep(PAUSE_MS);
    }
  }

  stop(): void {
    this.#stop = true;
  }

  async #look(): Promise<void> {
    const oldestEnd = Math.min(...this.#open.values());
    // One window at a time: an answer of few rows is quick, which is what makes the measurement exact.
    const from = new Date(oldestEnd - this.#plan.windowMs).toISOString();
    const to = new Date(windowStart(this.#plan, this.#windows)).toISOString();
    if (oldestEnd > Date.now()) return;
    const response = await fetch(`${this.#api}/v1/fleet/ledger?from=${from}&to=${to}&limit=10000`, {
      headers: { authorization: `Bearer ${this.#token}` },
      signal: AbortSignal.timeout(10_000),
    });
    if (!response.ok) throw new Error(`${response.status} ${await response.text()}`);
    const { windows } = ledger.parse(await response.json());
    const now = Date.now();
    this.#answers += 1;
    for (const { host, window_start: start } of windows) {
      const key = `${host} ${Date.parse(start)}`;
      const end = this.#open.get(key);
      if (end === undefined) continue;
      const window = Math.round((end - this.#plan.startMs) / this.#plan.windowMs) - 1;
      this.#delays.push({ window, ms: now - end });
      this.#open.delete(key);
    }
  }
}
