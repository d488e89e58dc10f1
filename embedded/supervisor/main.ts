import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { messageOf } from '../../common/runtime/errors.js';
import { readStackConfig } from './config.js';
import { detach } from './detach.js';
import { homePaths } from './home.js';
import { parseUpOptions, UP_USAGE } from './options.js';
import { runSupervisor } from './supervisor.js';
import { isSupervised, readStackFile } from './stack-file.js';
import { createTerminal } from './terminal.js';
import { runningText } from './words.js';

/** `dist/`, from `dist/embedded/supervisor/main.js`. */
const code = fileURLToPath(new URL('../..', import.meta.url));
const project = join(code, '..');

process.umask(0o022);
// A reader that goes away (`up | head`) must not end the supervisor: its parts would run on unattended.
process.stdout.on('error', () => undefined);
const terminal = createTerminal(process.stdout);
try {
  const options = parseUpOptions(process.argv.slice(2));
  const config = readStackConfig();
  const paths = homePaths(config.home);
  const running = readStackFile(paths.stackFile);
  if (options.help) {
    terminal.print(UP_USAGE);
  } else if (running !== undefined && isSupervised(running)) {
    terminal.print(runningText(running));
    if (options.demo && !running.demo)
      terminal.print('It runs without the demo: `npm run down` first to have it.');
  } else if (options.detach) {
    process.exitCode = await detach(paths, fileURLToPath(import.meta.url), process.argv.slice(2), terminal);
  } else {
    const recording = join(project, 'embedded/demo/recording.frames.gz');
    const exitCode = await runSupervisor({
      config,
      paths,
      options,
      terminal,
      code: code.replace(/\/$/, ''),
      packages: join(project, 'node_modules'),
      loader: join(project, 'bpf/build/bellwether-loader'),
      recording: existsSync(recording) ? recording : undefined,
    });
    // A health check whose answer nobody waits for any more would keep the process for seconds.
    process.exit(exitCode);
  }
} catch (error) {
  terminal.endLive();
  process.stderr.write(`\n✗ ${messageOf(error)}\n`);
  process.exitCode = 1;
}
