import { EventQueue } from './event-queue.js';
import { Random } from './random.js';

export interface SimulationOptions {
  readonly seed: number;
  /** Numbers of disturbances that do not happen: how a failing schedule is made smaller. */
  readonly without: ReadonlySet<number>;
  /** Keeps a line for each thing that happens. */
  readonly traced: boolean;
}

/** Thrown when something promised does not hold; ends the schedule. */
export class Violation extends Error {
  readonly invariant: string;

  constructor(invariant: string, detail: string) {
    super(`${invariant}: ${detail}`);
    this.name = 'Violation';
    this.invariant = invariant;
  }
}

/** Wall clock at virtual time 0: so near midnight that minutes, an hour and a day end while it runs. */
export const BEGIN_MS = Date.UTC(2026, 10, 24, 23, 58, 30);

/**
 * Virtual time and one thing after the other: between two events all promises settle, so a schedule is the same
 * each time that its seed is.
 */
export class Simulation {
  readonly random: Random;
  readonly trace: string[] = [];
  /** Disturbances so far; each has a number. */
  disturbances = 0;
  /** How likely each opportunity for a disturbance is taken, as a factor. */
  intensity = 1;
  violation: Violation | undefined;
  readonly #options: SimulationOptions;
  readonly #fate: Random;
  readonly #queue = new EventQueue();
  #nowMs = 0;
  #events = 0;

  constructor(options: SimulationOptions) {
    this.#options = options;
    this.random = new Random(options.seed);
    // Of its own, so that a disturbance left out moves as few of the others as possible.
    this.#fate = new Random(options.seed ^ 0x5bd1e995);
  }

  get traced(): boolean {
    return this.#options.traced;
  }

  get nowMs(): number {
    return this.#nowMs;
  }

  get unixMs(): number {
    return BEGIN_MS + Math.floor(this.#nowMs);
  }

  after(milliseconds: number, act: () => void): void {
    this.#events += 1;
    this.#queue.add({ atMs: this.#nowMs + Math.max(0, milliseconds), number: this.#events, act });
  }

  /** A short way over the network. */
  latency(): number {
    return this.random.between(1, 30);
  }

  note(line: () => string): void {
    if (this.#options.traced) this.trace.push(`${(this.#nowMs / 1_000).toFixed(3).padStart(8)} s  ${line()}`);
  }

  /** Whether this goes wrong now; decided by the seed, numbered, and written to the trace. */
  goesWrong(what: string, probability: number): boolean {
    if (!this.#fate.chance(probability * this.intensity)) return false;
    this.disturbances += 1;
    const happens = !this.#options.without.has(this.disturbances);
    if (happens) this.note(() => `✗${this.disturbances} ${what}`);
    return happens;
  }

  /** What does not hold ends the schedule, wherever it is seen: also inside code that would try again. */
  violate(invariant: string, detail: string): void {
    if (this.violation !== undefined) return;
    this.violation = new Violation(invariant, detail);
    this.note(() => `VIOLATION ${this.violation?.message ?? ''}`);
  }

  /** Lets time pass until then, or until the first violation. */
  async run(untilMs: number): Promise<void> {
    for (;;) {
      await settled();
      if (this.violation !== undefined) return;
      const event = this.#queue.take();
      if (event === undefined || event.atMs > untilMs) {
        if (event !== undefined) this.#queue.add(event);
        this.#nowMs = Math.max(this.#nowMs, untilMs);
        return;
      }
      this.#nowMs = event.atMs;
      event.act();
    }
  }
}

/** After all that is ready to run: promise reactions and next ticks come before the next turn of the loop. */
function settled(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
