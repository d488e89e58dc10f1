import { setTimeout as sleep } from 'node:timers/promises';
import { messageOf } from '../../common/runtime/errors.js';
import { createBackoff } from './backoff.js';
import { watchHealth } from './health.js';
import { boundWhileRunning } from './log-files.js';
import { ManagedProcess, type ProcessSpec } from './managed-process.js';

/** Processes that live and die together: most units hold one; loader and agent are a pair. */
export interface UnitSpec {
  readonly name: string;
  /** In starting order; they are stopped from the last to the first. */
  readonly processes: readonly ProcessSpec[];
}

export type UnitState = 'starting' | 'ready' | 'waiting' | 'stopping' | 'stopped';

export interface UnitEvents {
  say(line: string): void;
  /** Called whenever a process or a state has changed. */
  changed(): void;
}

const HEALTH_INTERVAL_MS = 5_000;

/** Starts its processes, watches them, and starts them again with back-off when one of them ends. */
export class Unit {
  state: UnitState = 'stopped';
  restarts = 0;
  private running: ManagedProcess[] = [];
  private readonly backoff = createBackoff();
  private readonly halt = new AbortController();
  private loop: Promise<void> | undefined;
  /** The first start, settled when it is over however it went. */
  private firstStart: Promise<unknown> | undefined;
  private readyAt = 0;

  constructor(
    readonly spec: UnitSpec,
    private readonly events: UnitEvents,
  ) {}

  /** The processes that run now. */
  get processes(): readonly ManagedProcess[] {
    return this.running;
  }

  /** Resolves when all is ready; rejects when the first start fails (later ones are repeated). */
  async start(): Promise<void> {
    const start = this.startAll();
    this.firstStart = start.catch(() => undefined);
    try {
      await start;
    } catch (error) {
      await this.stopAll();
      this.setState('stopped');
      throw error;
    }
    this.loop = this.keepRunning();
  }

  /** Stops the processes in order; none is started again. Returns how it went, in words. */
  async stop(): Promise<string> {
    this.halt.abort();
    this.setState('stopping');
    const how = await this.stopAll();
    await this.firstStart;
    await this.loop;
    // A start that was under way when the stop came may have made one more process.
    await this.stopAll();
    this.setState('stopped');
    return how;
  }

  private isHalted(): boolean {
    return this.halt.signal.aborted;
  }

  private setState(state: UnitState): void {
    this.state = state;
    this.events.changed();
  }

  private async startAll(): Promise<void> {
    this.setState('starting');
    for (const spec of this.spec.processes) {
      if (this.isHalted()) return;
      const started = await ManagedProcess.start(spec);
      this.running.push(started);
      this.events.changed();
      if (this.isHalted()) return;
      await started.waitUntilReady();
    }
    if (this.isHalted()) return;
    this.readyAt = performance.now();
    this.setState('ready');
  }

  private async stopAll(): Promise<string> {
    const words: string[] = [];
    const stopping = [...this.running];
    for (const started of stopping.toReversed()) {
      const how = await started.stop();
      words.push(stopping.length > 1 ? `${started.spec.name} ${how}` : how);
    }
    // One that was started meanwhile stays listed until it is stopped in its turn.
    this.running = this.running.filter((started) => !stopping.includes(started));
    return words.join(', ') || 'had ended';
  }

  /** Waits until one of the processes ends or is found to hang; says which and why. */
  private async firstEnd(): Promise<string> {
    const watch = new AbortController();
    const ends = this.running.map(async (started) => `${started.spec.name} ${await started.ended}`);
    const hangs = this.running.map((started) => watchHealth(started, HEALTH_INTERVAL_MS, watch.signal));
    const logs = setInterval(() => {
      for (const { logFile } of this.spec.processes) boundWhileRunning(logFile);
    }, HEALTH_INTERVAL_MS);
    try {
      return await Promise.race([...ends, ...hangs]);
    } finally {
      clearInterval(logs);
      watch.abort();
    }
  }

  private async keepRunning(): Promise<void> {
    while (!this.isHalted()) {
      const why = await this.firstEnd();
      if (this.isHalted()) return;
      const wait = this.backoff.next(performance.now() - this.readyAt);
      this.setState('waiting');
      this.events.say(`${why}: starting ${this.spec.name} again in ${String(wait / 1000)} s`);
      await this.stopAll();
      await this.restart(wait);
    }
  }

  /** Tries until it is ready or the stack stops. */
  private async restart(firstWait: number): Promise<void> {
    let wait = firstWait;
    while (!this.isHalted()) {
      await sleep(wait, undefined, { signal: this.halt.signal }).catch(() => undefined);
      if (this.isHalted()) return;
      this.restarts += 1;
      try {
        await this.startAll();
        if (!this.isHalted()) this.events.say(`${this.spec.name} is back`);
        return;
      } catch (error) {
        await this.stopAll();
        if (this.isHalted()) return;
        wait = this.backoff.next(0);
        this.setState('waiting');
        this.events.say(`${messageOf(error)}\n  again in ${String(wait / 1000)} s`);
      }
    }
  }
}
