import { Command } from 'commander';
import { takeDown } from '../embedded/supervisor/take-down.js';
import { createTerminal } from '../embedded/supervisor/terminal.js';
import { currentHome } from './home.js';

export function downCommand(): Command {
  return new Command('down')
    .description('stop the stack in order, and clear what a crash left')
    .action(async () => {
      await takeDown(currentHome(), createTerminal(process.stdout));
    });
}
