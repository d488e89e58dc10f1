import { once } from 'node:events';
import { run } from 'node:test';
import { messageOf } from '../../common/runtime/errors.js';
import { shortName } from './paths.js';
import type { Tally } from './tally.js';

export interface TestRun {
  readonly files: readonly string[];
  readonly concurrency: number;
  /** Each file is ended after this. */
  readonly fileLimitMs: number;
  readonly signal: AbortSignal;
}

interface FileState {
  readonly begin: number;
  results: number;
  failures: number;
  /** Where in the file the test under report stands: names of the suites and tests around it. */
  readonly path: string[];
  output: string[];
}

const OUTPUT_LINES = 40;

/** Runs test files, each in a process of its own, and counts tests (not suites). */
export async function runTestFiles(input: TestRun, tally: Tally, say: (line: string) => void): Promise<void> {
  const states = new Map<string, FileState>();
  const stateOf = (file: string): FileState => {
    const known = states.get(file);
    if (known !== undefined) return known;
    const made: FileState = { begin: performance.now(), results: 0, failures: 0, path: [], output: [] };
    states.set(file, made);
    return made;
  };
  const stream = run({
    files: [...input.files],
    concurrency: input.concurrency,
    timeout: input.fileLimitMs,
    signal: input.signal,
  });
  stream.on('test:dequeue', ({ name, file }) => {
    if (file !== undefined && name === file) stateOf(file);
  });
  stream.on('test:start', ({ name, nesting, file }) => {
    if (file === undefined || name === file) return;
    stateOf(file).path.splice(nesting, Infinity, name);
  });
  const onResult = (
    data: { name: string; file?: string; skip?: string | boolean; details: { type?: string | undefined } },
    error: Error | undefined,
  ) => {
    const { file, name, skip, details } = data;
    if (file === undefined || name === file || details.type === 'suite') return;
    const state = stateOf(file);
    const title = `${shortName(file)} › ${state.path.join(' › ')}`;
    state.results += 1;
    if (skip !== undefined && skip !== false) {
      tally.skipped(title, typeof skip === 'string' && skip !== '' ? skip : 'no reason given');
    } else if (error === undefined) {
      tally.passed(title);
    } else {
      state.failures += 1;
      const why = detailOf(error);
      tally.failed(title, why);
      say(`✗ ${title}\n    ${why.replaceAll('\n', '\n    ')}`);
    }
  };
  stream.on('test:pass', (data) => onResult(data, undefined));
  stream.on('test:fail', (data) => onResult(data, data.details.error));
  stream.on('test:stderr', ({ file, message }) => {
    const state = stateOf(file);
    state.output = [...state.output, ...message.split('\n').filter((line) => line !== '')].slice(
      -OUTPUT_LINES,
    );
  });
  stream.on('test:complete', ({ name, file, details }) => {
    if (file === undefined || name !== file) return;
    const state = stateOf(file);
    const title = shortName(file);
    const error = details.error;
    if (error !== undefined && state.failures === 0) {
      // The process failed though its tests did not: a crash, a time-out, an error outside of any test.
      state.failures += 1;
      const why = [messageOf(error), ...state.output].join('\n');
      tally.failed(title, why);
      say(`✗ ${title}\n    ${why.replaceAll('\n', '\n    ')}`);
    } else if (state.results === 0) {
      state.failures += 1;
      tally.failed(title, 'the file holds no test');
      say(`✗ ${title}: the file holds no test`);
    }
    const seconds = ((performance.now() - state.begin) / 1000).toFixed(1);
    if (state.failures === 0) say(`✓ ${title}: ${String(state.results)} (${seconds} s)`);
  });
  stream.resume();
  await once(stream, 'end');
}

/** The assertion itself where node:test wraps it. */
function detailOf(error: Error): string {
  const inner = error.cause instanceof Error ? error.cause : error;
  return inner.stack?.split('\n').slice(0, 12).join('\n') ?? inner.message;
}
