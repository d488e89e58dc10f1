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

const OUTPUT_LINES = 40;
const STACK_LINES = 12;

/** Runs test files, each in a process of its own, and counts tests (not suites). */
export async function runTestFiles(input: TestRun, tally: Tally, say: (line: string) => void): Promise<void> {
  const waiting = [...input.files];
  const worker = async () => {
    for (let file = waiting.shift(); file !== undefined; file = waiting.shift()) {
      if (input.signal.aborted) return;
      await new TestFile(file, tally, say).run(input.fileLimitMs, input.signal);
    }
  };
  await Promise.all(Array.from({ length: input.concurrency }, worker));
}

interface Result {
  readonly name: string;
  readonly nesting: number;
  readonly file?: string;
  readonly skip?: string | boolean;
  readonly details: { readonly type?: string | undefined };
}

/**
 * One file by node:test's own runner. Files are given to it one by one: of several it reports in the order of
 * their names, whichever ends first, and a run that has to be ended would not say what it had seen.
 */
class TestFile {
  private readonly title: string;
  private results = 0;
  private failures = 0;
  /** Names of the suites and tests around the one that is reported. */
  private readonly around: string[] = [];
  private output: string[] = [];
  private ending: Error | undefined;

  constructor(
    private readonly file: string,
    private readonly tally: Tally,
    private readonly say: (line: string) => void,
  ) {
    this.title = shortName(file);
  }

  async run(limitMs: number, signal: AbortSignal): Promise<void> {
    const begin = performance.now();
    const stream = run({ files: [this.file], timeout: limitMs, signal });
    stream.on('test:start', ({ name, nesting }) => {
      if (name !== this.file) this.around.splice(nesting, Infinity, name);
    });
    stream.on('test:pass', (data) => this.take(data, undefined));
    stream.on('test:fail', (data) => this.take(data, data.details.error));
    stream.on('test:stderr', ({ message }) => {
      const lines = message.split('\n').filter((line) => line !== '');
      this.output = [...this.output, ...lines].slice(-OUTPUT_LINES);
    });
    stream.on('test:complete', ({ name, details }) => {
      if (name === this.file) this.ending = details.error;
    });
    stream.resume();
    await once(stream, 'end');
    this.judgeWhole();
    const seconds = ((performance.now() - begin) / 1000).toFixed(1);
    if (this.failures === 0) this.say(`✓ ${this.title}: ${String(this.results)} (${seconds} s)`);
  }

  private take({ name, skip, details }: Result, error: Error | undefined): void {
    if (name === this.file || details.type === 'suite') return;
    const title = `${this.title} › ${this.around.join(' › ')}`;
    this.results += 1;
    if (skip !== undefined && skip !== false) {
      this.tally.skipped(title, typeof skip === 'string' && skip !== '' ? skip : 'no reason given');
    } else if (error === undefined) {
      this.tally.passed(title);
    } else {
      this.fail(title, detailOf(error));
    }
  }

  /** The process may fail though its tests did not: a crash, a time-out, an error outside of any test. */
  private judgeWhole(): void {
    if (this.failures > 0) return;
    if (this.ending !== undefined) {
      this.fail(this.title, [messageOf(this.ending), ...this.output].join('\n'));
    } else if (this.results === 0) {
      this.fail(this.title, 'the file holds no test');
    }
  }

  private fail(title: string, why: string): void {
    this.failures += 1;
    this.tally.failed(title, why);
    this.say(`✗ ${title}\n    ${why.replaceAll('\n', '\n    ')}`);
  }
}

/** The assertion itself where node:test wraps it. */
function detailOf(error: Error): string {
  const inner = error.cause instanceof Error ? error.cause : error;
  return inner.stack?.split('\n').slice(0, STACK_LINES).join('\n') ?? inner.message;
}
