import { Command } from 'commander';
import { messageOf } from '../common/runtime/errors.js';
import { deadLettersCommand } from './dead-letters.js';
import { demoCommand } from './demo.js';
import { downCommand } from './down.js';
import { infoCommand } from './info.js';
import { logsCommand } from './logs.js';
import { rollupCommand } from './rollup.js';
import { statusCommand } from './status.js';
import { tokenCommand } from './token.js';
import { upCommand } from './up.js';
import { verifyCommand } from './verify.js';

const program = new Command('bellwether')
  .description('Bellwether on this machine: the stack under BELLWETHER_HOME (default ./.bellwether)')
  .addCommand(upCommand())
  .addCommand(downCommand())
  .addCommand(infoCommand())
  .addCommand(statusCommand())
  .addCommand(tokenCommand())
  .addCommand(logsCommand())
  .addCommand(deadLettersCommand())
  .addCommand(rollupCommand())
  .addCommand(verifyCommand())
  .addCommand(demoCommand());

try {
  await program.parseAsync();
} catch (error) {
  process.stderr.write(`✗ ${messageOf(error)}\n`);
  process.exitCode = 1;
}
