import type { StackInfo } from '../promises/promise.js';

export interface BenchContext {
  /** The running stack with the demo; undefined unless the bench needs it. */
  readonly stack: StackInfo | undefined;
  readonly log: (line: string) => void;
}

/** A measurement that is reported, not judged. One module of test/bench/ each, as its default export. */
export interface Bench {
  readonly name: string;
  readonly plannedSeconds: number;
  readonly needs: 'stack' | 'root' | 'nothing';
  /** @returns the figures, a line each. */
  run(context: BenchContext): Promise<readonly string[]>;
}
