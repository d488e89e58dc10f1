import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { RUN_MARK } from './leftovers.js';
import { CODE } from './paths.js';
import { until } from './until.js';

/** One of the project's mains, in a process of its own as in production. */
export interface Part {
  readonly child: ChildProcess;
  /** Resolves with the exit code, or the signal's name. */
  readonly exited: Promise<number | string>;
  readonly output: () => string;
  /** Ends it, by force when it takes too long. @returns the exit code; null when a signal ended it. */
  end(signal: NodeJS.Signals): Promise<number | null>;
}

/** How long a part may take to start and to end on a busy machine, milliseconds. */
const START_LIMIT_MS = 60_000;
const END_LIMIT_MS = 25_000;

/** Starts one of the project's mains; its output is appended to the file. */
export function startPart(main: string, outputFile: string, variables: Record<string, string>): Part {
  const output = openSync(outputFile, 'a');
  const child = spawn(process.execPath, [join(CODE, main)], {
    // Nothing of whoever runs the tests, but the mark by which leftovers of a run are found.
    env: { PATH: process.env.PATH, [RUN_MARK]: process.env[RUN_MARK], ...variables },
    stdio: ['ignore', output, output],
  });
  closeSync(output);
  const exited = once(child, 'exit').then(() => child.exitCode ?? child.signalCode ?? 'unknown');
  return {
    child,
    exited,
    output: () => readFileSync(outputFile, 'utf8'),
    async end(signal) {
      child.kill(signal);
      const limit = setTimeout(() => child.kill('SIGKILL'), END_LIMIT_MS);
      await exited;
      clearTimeout(limit);
      return child.exitCode;
    },
  };
}

/** Waits until the part says 200 at the address. @throws Error with its output when it ends or never does. */
export async function untilReady(part: Part, url: string): Promise<void> {
  const isReady = async () => {
    if (part.child.exitCode !== null || part.child.signalCode !== null) throw new Error('it has ended');
    return fetch(url).then(
      ({ ok }) => ok,
      () => false,
    );
  };
  try {
    await until(`200 from ${url}`, isReady, START_LIMIT_MS);
  } catch (cause) {
    throw new Error(`not ready:\n${part.output()}`, { cause });
  }
}
