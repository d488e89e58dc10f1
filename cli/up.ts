import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { Command } from 'commander';

/** From `dist/cli/up.js`. */
const bootstrap = fileURLToPath(new URL('../../tools/bootstrap.mjs', import.meta.url));

export function upCommand(): Command {
  return new Command('up')
    .description('set up what is missing and start the stack (options: npm run up -- --help)')
    .allowUnknownOption()
    .helpOption(false)
    .argument('[options...]')
    .action(async (parameters: string[]) => {
      const child = spawn(process.execPath, [bootstrap, 'up', ...parameters], { stdio: 'inherit' });
      // Ctrl-C reaches the child as well; this process only waits for its orderly end.
      process.on('SIGINT', () => undefined);
      process.on('SIGTERM', () => child.kill('SIGTERM'));
      await once(child, 'exit');
      process.exitCode = child.exitCode ?? 1;
    });
}
