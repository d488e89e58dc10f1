import type { Component } from './component.js';
import { messageOf } from './errors.js';
import type { Logger } from './log.js';

/** How long a stop may take before the process ends anyway, milliseconds. */
const STOP_LIMIT_MS = 20_000;

/**
 * Starts components in order and stops them in the opposite order on SIGTERM or SIGINT.
 * An unhandled rejection ends the process: the supervisor starts it again in a known state,
 * which is safe because every message is delivered at least once.
 */
export async function runService(log: Logger, components: readonly Component[]): Promise<void> {
  let stopping = false;
  const stop = async (why: string, exitCode: number) => {
    if (stopping) return;
    stopping = true;
    log.info({ why }, 'stopping');
    setTimeout(() => {
      log.error({ limitMs: STOP_LIMIT_MS }, 'the stop took too long: ending at once');
      process.exit(1);
    }, STOP_LIMIT_MS).unref();
    for (const component of [...components].reverse()) {
      await component.stop().catch((error: unknown) => {
        exitCode = 1;
        log.error({ error: messageOf(error) }, 'a component failed to stop');
      });
    }
    log.info({ exitCode }, 'stopped');
    process.exit(exitCode);
  };
  process.once('SIGTERM', () => void stop('SIGTERM', 0));
  process.once('SIGINT', () => void stop('SIGINT', 0));
  process.on('unhandledRejection', (reason) => {
    log.fatal(
      { error: messageOf(reason), stack: reason instanceof Error ? reason.stack : undefined },
      'unhandled rejection',
    );
    void stop('unhandled rejection', 1);
  });
  try {
    for (const component of components) await component.start();
    log.info('started');
  } catch (error) {
    log.fatal({ error: messageOf(error) }, 'could not start');
    await stop('failed start', 1);
  }
}
