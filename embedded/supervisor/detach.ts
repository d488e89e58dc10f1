import { spawn } from 'node:child_process';
import { closeSync, fstatSync, mkdirSync, openSync, readSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { HomePaths } from './home.js';
import { rotateAtStart } from './log-files.js';
import { readStackFile } from './stack-file.js';
import type { Terminal } from './terminal.js';

/** A start takes seconds; this only bounds a wait for something that will never come. */
const READY_LIMIT_MS = 300_000;

/**
 * Starts the supervisor in the background with its log in `log/supervisor.log`, shows what it says, and
 * returns when all is ready.
 * @returns exit code: 0 when ready, 1 when the supervisor ended or did not get there.
 */
export async function detach(
  paths: HomePaths,
  script: string,
  parameters: readonly string[],
  terminal: Terminal,
): Promise<number> {
  mkdirSync(paths.log, { recursive: true, mode: 0o755 });
  const logFile = join(paths.log, 'supervisor.log');
  rotateAtStart(logFile);
  const output = openSync(logFile, 'a', 0o644);
  const reader = openSync(logFile, 'r');
  let position = fstatSync(reader).size;
  const rest = parameters.filter((parameter) => parameter !== '--detach');
  const child = spawn(process.execPath, [...process.execArgv, script, ...rest], {
    detached: true,
    stdio: ['ignore', output, output],
  });
  closeSync(output);
  const hasEnded = () => child.pid === undefined || child.exitCode !== null || child.signalCode !== null;
  child.on('error', (error) => terminal.print(`cannot start the supervisor: ${error.message}`));
  const showNews = () => {
    const buffer = Buffer.alloc(Math.max(fstatSync(reader).size - position, 0));
    readSync(reader, buffer, 0, buffer.length, position);
    position += buffer.length;
    if (buffer.length > 0) terminal.print(buffer.toString('utf8').replace(/\n$/, ''));
  };
  const deadline = performance.now() + READY_LIMIT_MS;
  try {
    while (performance.now() < deadline) {
      await sleep(100);
      const stack = readStackFile(paths.stackFile);
      const ready = stack?.pid === child.pid && stack?.state === 'ready';
      showNews();
      if (ready) {
        child.unref();
        terminal.print(`The stack goes on in the background (log: ${logFile}); \`npm run down\` stops it.`);
        return 0;
      }
      if (hasEnded()) return 1;
    }
    terminal.print(`The stack is not ready after ${String(READY_LIMIT_MS / 1000)} s; see ${logFile}.`);
    return 1;
  } finally {
    closeSync(reader);
  }
}
