import { BellwetherError, messageOf } from './errors.js';
import { createLogger } from './log.js';

/**
 * Reads a process's configuration. When it is not valid, one log line says which variable, what it held and
 * what would be right, and the process ends: a stack trace below it would only push that line out of sight.
 */
export function configureOrExit<T>(service: string, read: () => T): T {
  try {
    return read();
  } catch (error) {
    const code = error instanceof BellwetherError ? error.code : 'internal';
    createLogger(service, 'info').fatal({ code, error: messageOf(error) }, 'could not start');
    process.exit(1);
  }
}
