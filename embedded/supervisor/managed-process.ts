import type { ChildProcess } from 'node:child_process';
import { closeSync, fstatSync, openSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { BellwetherError } from '../../common/runtime/errors.js';
import { launch, type LaunchRequest } from '../launch/launch.js';
import { lastLines } from './log-files.js';
import { endProcess, identify, signalProcess, type ProcessIdentity } from './processes.js';

/** Undefined when all is well, otherwise what is still missing. */
export type Probe = () => Promise<string | undefined>;

/** One process of the stack: how to start it and how to tell that it is well. */
export interface ProcessSpec {
  readonly name: string;
  readonly logFile: string;
  /** Made anew for each start. */
  readonly request: () => LaunchRequest | Promise<LaunchRequest>;
  readonly ready: Probe;
  readonly readyLimitMs: number;
  /** Undefined: only its end is noticed. */
  readonly health: Probe | undefined;
  /** From SIGTERM to SIGKILL. */
  readonly stopLimitMs: number;
}

const READY_PAUSE_MS = 100;

export class ManagedProcess {
  readonly identity: ProcessIdentity;
  /** Resolves with how the process ended, in words. */
  readonly ended: Promise<string>;
  private endedHow: string | undefined;

  private constructor(
    readonly spec: ProcessSpec,
    child: ChildProcess,
    private readonly logStart: number,
  ) {
    this.identity = identify(child.pid ?? 0);
    this.ended = new Promise((resolve) => {
      const settle = (how: string) => {
        this.endedHow ??= how;
        resolve(this.endedHow);
      };
      child.once('error', (error) => settle(`could not be started: ${error.message}`));
      child.once('exit', (code, signal) =>
        settle(signal === null ? `ended with code ${String(code)}` : `was ended by ${signal}`),
      );
    });
  }

  /** Starts the process; does not wait until it is ready. */
  static async start(spec: ProcessSpec): Promise<ManagedProcess> {
    const request = await spec.request();
    const descriptor = openSync(spec.logFile, 'a', 0o644);
    try {
      return new ManagedProcess(spec, launch(request, descriptor), fstatSync(descriptor).size);
    } finally {
      closeSync(descriptor);
    }
  }

  /** How it ended; undefined while it runs. */
  get outcome(): string | undefined {
    return this.endedHow;
  }

  /** @throws BellwetherError `setup_failed` with the last lines of its log, when it ends or is late. */
  async waitUntilReady(): Promise<void> {
    const deadline = performance.now() + this.spec.readyLimitMs;
    let missing = 'it did not answer';
    while (performance.now() < deadline) {
      if (this.endedHow !== undefined) throw this.failure(this.endedHow);
      const answer = await Promise.race([this.spec.ready(), this.ended.then(() => 'it ended')]);
      if (answer === undefined) return;
      missing = answer;
      await sleep(READY_PAUSE_MS);
    }
    throw this.failure(`was not ready after ${String(this.spec.readyLimitMs / 1000)} s: ${missing}`);
  }

  private failure(what: string): BellwetherError {
    const lines = lastLines(this.spec.logFile, 8, this.logStart).map((line) => `    ${line}`);
    const tail = lines.length > 0 ? `; the last lines of its log:\n${lines.join('\n')}` : '';
    return new BellwetherError(
      'setup_failed',
      `${this.spec.name} ${what} (log: ${this.spec.logFile})${tail}`,
    );
  }

  /** SIGTERM, SIGKILL when that takes too long. Returns how it went, in words. */
  async stop(): Promise<string> {
    if (this.endedHow !== undefined) return 'had ended';
    const how = await endProcess(this.identity, this.spec.stopLimitMs);
    // The exit event follows the end at once; the bound is for a process that nothing can end.
    await Promise.race([this.ended, sleep(2_000, undefined, { ref: false })]);
    if (how !== 'killed') return 'stopped';
    return `did not stop within ${String(this.spec.stopLimitMs / 1000)} s and was killed`;
  }

  kill(): void {
    signalProcess(this.identity, 'SIGKILL');
  }
}
