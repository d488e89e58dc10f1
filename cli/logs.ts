import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { Command } from 'commander';
import { BellwetherError } from '../common/runtime/errors.js';
import { currentHome } from './home.js';

export function logsCommand(): Command {
  return new Command('logs')
    .description('the last lines of the log of a part (kafka, store, schema, writer, api, loader, agent, …)')
    .argument('<part>')
    .option('-f, --follow', 'go on with what comes')
    .option('-n, --lines <count>', 'how many lines', '50')
    .action(async (part: string, options: { follow?: true; lines: string }) => {
      const directory = currentHome().log;
      const logs = existsSync(directory)
        ? readdirSync(directory).filter((name) => name.endsWith('.log'))
        : [];
      if (!logs.includes(`${part}.log`)) {
        const known = logs.map((name) => name.replace(/\.log$/, '')).join(', ') || 'none yet';
        throw new BellwetherError(
          'not_found',
          `there is no log of "${part}" in ${directory}; there are: ${known}`,
        );
      }
      const follow = options.follow ? ['-F'] : [];
      const tail = spawn('tail', ['-n', options.lines, ...follow, '--', join(directory, `${part}.log`)], {
        stdio: 'inherit',
      });
      await once(tail, 'exit');
    });
}
