import { closeSync, fstatSync, openSync } from 'node:fs';
import { BellwetherError } from '../../common/runtime/errors.js';
import { launch, type LaunchRequest } from '../launch/launch.js';
import { lastLines } from './log-files.js';

/**
 * Runs a process that ends by itself.
 * @param signal ends it before its time
 * @throws BellwetherError `setup_failed` with the last lines of its log when it fails, is late or is aborted.
 */
export async function runOnce(
  name: string,
  request: LaunchRequest,
  logFile: string,
  limitMs: number,
  signal?: AbortSignal,
): Promise<void> {
  if (signal?.aborted === true) throw new BellwetherError('setup_failed', `${name} is not run: stopped`);
  const descriptor = openSync(logFile, 'a', 0o644);
  const { size } = fstatSync(descriptor);
  const child = launch(request, descriptor);
  closeSync(descriptor);
  const timer = setTimeout(() => child.kill('SIGKILL'), limitMs);
  const end = () => child.kill('SIGKILL');
  signal?.addEventListener('abort', end, { once: true });
  const how = await new Promise<string | undefined>((resolve) => {
    child.once('error', (error) => resolve(error.message));
    child.once('exit', (code, signal) =>
      resolve(code === 0 ? undefined : `ended with ${signal ?? String(code)}`),
    );
  });
  clearTimeout(timer);
  signal?.removeEventListener('abort', end);
  if (how === undefined) return;
  const tail = lastLines(logFile, 8, size).map((line) => `\n    ${line}`);
  throw new BellwetherError('setup_failed', `${name} ${how} (log: ${logFile})${tail.join('')}`);
}
