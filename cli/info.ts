import { Command } from 'commander';
import { runningText } from '../embedded/supervisor/words.js';
import { runningStack } from './home.js';

export function infoCommand(): Command {
  return new Command('info')
    .description("the running stack's URLs, ports, pids, home and where its tokens lie")
    .option('--json', 'as JSON, for programs')
    .action((options: { json?: true }) => {
      const stack = runningStack();
      process.stdout.write(options.json ? `${JSON.stringify(stack, null, 2)}\n` : `${runningText(stack)}\n`);
    });
}
