/** Steps of the set-up: each says what it does and why, shows that it lives, and keeps its output in a log. */
import { spawn } from 'node:child_process';
import { closeSync, fstatSync, mkdirSync, openSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { clearInterval, setInterval } from 'node:timers';

const started = performance.now();
const HEARTBEAT_MS = 15_000;
const TAIL_LINES = 15;

/** A failure that was told in a sentence; nothing more than the sentence is printed. */
export class SetupError extends Error {}

const elapsed = (since) => `${((performance.now() - since) / 1000).toFixed(1)} s`;

export function say(line) {
  const seconds = ((performance.now() - started) / 1000).toFixed(1).padStart(6);
  console.log(`[${seconds} s] ${line}`);
}

/**
 * Runs the commands of a step one after the other.
 * @param {{ title: string, why: string, commands: string[][], log: string, advice: string,
 *   environment?: Record<string, string>, cwd?: string }} step `log` is the file for the output
 * @throws {SetupError} with the advice and the last lines of the log
 */
export async function runStep(step) {
  say(`${step.title}: ${step.why}`);
  const begin = performance.now();
  const heartbeat = setInterval(
    () => say(`  … ${step.title}: still at it (${elapsed(begin)})`),
    HEARTBEAT_MS,
  );
  const descriptor = openSync(step.log, 'a');
  const from = fstatSync(descriptor).size;
  try {
    for (const command of step.commands) await run(command, descriptor, step);
  } catch (error) {
    const tail = readFileSync(step.log)
      .subarray(from)
      .toString('utf8')
      .trimEnd()
      .split('\n')
      .slice(-TAIL_LINES);
    const lines = tail.map((line) => `    ${line}`).join('\n');
    throw new SetupError(`${step.title}: ${error.message}. ${step.advice}\n  log: ${step.log}\n${lines}`);
  } finally {
    clearInterval(heartbeat);
    closeSync(descriptor);
  }
  say(`  ${step.title}: done (${elapsed(begin)})`);
}

function run([program, ...parameters], descriptor, step) {
  return new Promise((resolve, reject) => {
    const child = spawn(program, parameters, {
      cwd: step.cwd,
      env: { ...process.env, ...step.environment },
      stdio: ['ignore', descriptor, descriptor],
    });
    child.once('error', (error) => reject(new Error(`${program} cannot be run (${error.message})`)));
    child.once('exit', (code, signal) =>
      code === 0 ? resolve() : reject(new Error(`${program} ended with ${signal ?? code}`)),
    );
  });
}

/** Where the set-up keeps its logs: with those of the parts. */
export function setupLog(home, name) {
  mkdirSync(join(home, 'log'), { recursive: true, mode: 0o755 });
  return join(home, 'log', `setup-${name}.log`);
}
