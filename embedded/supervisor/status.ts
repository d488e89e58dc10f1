import { setTimeout as sleep } from 'node:timers/promises';
import type { StackFile } from './stack-file.js';
import type { Terminal } from './terminal.js';

export interface StatusInput {
  readonly stack: StackFile;
  readonly terminal: Terminal;
  readonly signal: AbortSignal;
}

/** Redraws the live line until the stack stops. */
export async function watchStatus({ stack, terminal, signal }: StatusInput): Promise<void> {
  while (!signal.aborted) {
    terminal.live(`${String(stack.parts.length)} parts`);
    await sleep(2_000, undefined, { signal }).catch(() => undefined);
  }
}
