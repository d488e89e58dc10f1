import { Command } from 'commander';
import { readStatus, statusText } from '../embedded/supervisor/status.js';
import { runningStack } from './home.js';

export function statusCommand(): Command {
  return new Command('status')
    .description('the state of each part, and what flows: points/s, drops/s, lag, freshness')
    .action(async () => {
      const stack = runningStack();
      for (const { name, pid, state, restarts } of stack.parts) {
        const again = restarts > 0 ? `, started again ${String(restarts)} times` : '';
        process.stdout.write(`${name.padEnd(16)} ${state} (pid ${String(pid)}${again})\n`);
      }
      process.stdout.write(`${statusText(await readStatus(stack))}\n`);
    });
}
