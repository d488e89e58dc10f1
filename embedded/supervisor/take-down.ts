import { BellwetherError } from '../../common/runtime/errors.js';
import { clearLeftovers } from './clean-up.js';
import type { HomePaths } from './home.js';
import { signalProcess, waitForEnd } from './processes.js';
import { isSupervised, readStackFile } from './stack-file.js';
import { seconds } from './stack.js';
import type { Terminal } from './terminal.js';

/** Longer than all parts' own limits together would take only if each of them hung. */
const STOP_LIMIT_MS = 120_000;

/**
 * Asks the supervisor under this home to stop everything in order and waits for it; ends what a crashed one
 * left when there is none.
 * @throws BellwetherError `setup_failed` when it does not end.
 */
export async function takeDown(paths: HomePaths, terminal: Terminal): Promise<void> {
  const stack = readStackFile(paths.stackFile);
  if (stack !== undefined && isSupervised(stack)) {
    const begin = performance.now();
    terminal.print(`stopping the stack under ${paths.home} (supervisor pid ${String(stack.pid)})`);
    signalProcess(stack, 'SIGTERM');
    if (!(await waitForEnd(stack, STOP_LIMIT_MS))) {
      const limit = String(STOP_LIMIT_MS / 1000);
      throw new BellwetherError(
        'setup_failed',
        `the supervisor (pid ${String(stack.pid)}) still runs after ${limit} s`,
      );
    }
    terminal.print(`stopped (${seconds(begin)})`);
  }
  const cleared = await clearLeftovers(paths);
  if (cleared.length > 0) terminal.print(`cleared what a crash had left: ${cleared.join(', ')}`);
  if (stack === undefined && cleared.length === 0) terminal.print(`nothing runs under ${paths.home}`);
}
