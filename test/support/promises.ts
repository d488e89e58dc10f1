import { basename } from 'node:path';
import { pathToFileURL } from 'node:url';
import { messageOf } from '../../common/runtime/errors.js';
import { SkipPromise, type ProductPromise, type StackInfo } from '../promises/promise.js';
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

/** Runs one promise; an error of it is a promise not kept, with the error as the figure. */
export async function runPromise(promise: ProductPromise, input: PromiseRun): Promise<Verdict> {
  if (promise.needs !== 'nothing' && process.getuid?.() !== 0) {
    return { outcome: 'skipped', figure: 'needs root' };
  }
  if (promise.needs === 'stack' && input.stack === undefined) {
    return { outcome: 'falls short', figure: 'there is no running stack to ask' };
  }
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(
      () => reject(new Error(`no verdict within ${String(input.limitMs / 1000)} s`)),
      input.limitMs,
    );
  });
  try {
    const { mode, stack } = input;
    const log = (line: string) => input.say(`    ${promise.name}: ${line}`);
    const { holds, figure } = await Promise.race([promise.run({ mode, stack, log }), late]);
    return { outcome: holds ? 'holds' : 'falls short', figure };
  } catch (error) {
    if (error instanceof SkipPromise) return { outcome: 'skipped', figure: error.message };
    return { outcome: 'falls short', figure: messageOf(error) };
  } finally {
    clearTimeout(timer);
  }
}

/** The one line at the end of a promise. */
export function verdictLine(name: string, verdict: Verdict): string {
  if (verdict.outcome === 'skipped') return `${name}  skipped: ${verdict.figure}`;
  return `${name}  ${verdict.figure}  ${verdict.outcome}`;
}
