import { randomUUID } from 'node:crypto';
import { basename } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { pathToFileURL } from 'node:url';
import { messageOf } from '../../common/runtime/errors.js';
import { SkipPromise, type ProductPromise, type StackInfo } from '../promises/promise.js';
import { endAll, processesWith, RUN_MARK, type Leftover } from './leftovers.js';
import { compiledFiles } from './paths.js';

function isPromise(value: unknown): value is ProductPromise {
  return (
    typeof value === 'object' &&
    value !== null &&
    'name' in value &&
    'plannedSeconds' in value &&
    'needs' in value &&
    'run' in value
  );
}

/** Every module of test/promises/ that default-exports a promise, by name. */
export async function findPromises(): Promise<ProductPromise[]> {
  const found: ProductPromise[] = [];
  for (const file of compiledFiles('promises', /\/promises\/[a-z0-9-]+\.js$/)) {
    if (['run.js', 'promise.js'].includes(basename(file))) continue;
    const module: unknown = await import(pathToFileURL(file).href);
    if (typeof module === 'object' && module !== null && 'default' in module && isPromise(module.default)) {
      found.push(module.default);
    }
  }
  return found.sort((a, b) => (a.name < b.name ? -1 : 1));
}

export type Verdict =
  | { readonly outcome: 'holds' | 'falls short'; readonly figure: string }
  | { readonly outcome: 'skipped'; readonly figure: string };

export interface PromiseRun {
  readonly mode: 'short' | 'full';
  readonly stack: StackInfo | undefined;
  readonly say: (line: string) => void;
  readonly limitMs: number;
}

/** A late promise goes on in this process and may start others: so often what it started is looked for and ended. */
const SWEEPS = 5;
const SWEEP_EVERY_MS = 200;
/** Of the command line of a process that was ended: enough to know which part it was. */
const COMMAND_CHARACTERS = 60;

class LateError extends Error {}

/**
 * Runs one promise; an error of it is a promise not kept, with the error as the figure. After its time limit what it
 * started is ended, so that the next promise neither shares the machine with it nor its ports.
 */
export async function runPromise(promise: ProductPromise, input: PromiseRun): Promise<Verdict> {
  if (promise.needs !== 'nothing' && process.getuid?.() !== 0) {
    return { outcome: 'skipped', figure: 'needs root' };
  }
  if (promise.needs === 'stack' && input.stack === undefined) {
    return { outcome: 'falls short', figure: 'there is no running stack to ask' };
  }
  const runMark = process.env[RUN_MARK] ?? '';
  // Begins with the run's, by which it is found too; the stack that promises share has the run's alone.
  const mark = `${runMark}/${randomUUID()}`;
  process.env[RUN_MARK] = mark;
  try {
    const { mode, stack } = input;
    const log = (line: string) => input.say(`    ${promise.name}: ${line}`);
    const { holds, figure } = await within(input.limitMs, promise.run({ mode, stack, log }));
    return { outcome: holds ? 'holds' : 'falls short', figure };
  } catch (error) {
    if (error instanceof SkipPromise) return { outcome: 'skipped', figure: error.message };
    if (!(error instanceof LateError)) return { outcome: 'falls short', figure: messageOf(error) };
    return { outcome: 'falls short', figure: `${error.message}; ${endedText(await endAllOf(mark))}` };
  } finally {
    process.env[RUN_MARK] = runMark;
  }
}

/** @throws LateError when nothing came of it in time; it goes on all the same. */
async function within<T>(limitMs: number, result: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    const text = `no verdict within ${String(limitMs / 1000)} s`;
    timer = setTimeout(() => reject(new LateError(text)), limitMs);
  });
  try {
    return await Promise.race([result, late]);
  } finally {
    clearTimeout(timer);
  }
}

/** Ends the processes with the mark. @returns them. */
async function endAllOf(mark: string): Promise<Leftover[]> {
  const ended = new Map<number, Leftover>();
  for (let sweep = 0; sweep < SWEEPS; sweep += 1) {
    const left = processesWith(`${RUN_MARK}=${mark}`);
    endAll(left);
    for (const leftover of left) ended.set(leftover.pid, leftover);
    await sleep(SWEEP_EVERY_MS);
  }
  return [...ended.values()];
}

function endedText(ended: readonly Leftover[]): string {
  if (ended.length === 0) return 'it left no process';
  const names = ended.map(({ pid, command }) => `${String(pid)} ${command.slice(0, COMMAND_CHARACTERS)}`);
  return `ended what it left: ${names.join('; ')}`;
}

/** The one line at the end of a promise. */
export function verdictLine(name: string, verdict: Verdict): string {
  if (verdict.outcome === 'skipped') return `${name}  skipped: ${verdict.figure}`;
  return `${name}  ${verdict.figure}  ${verdict.outcome}`;
}
