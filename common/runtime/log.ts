import { pino, type Logger } from 'pino';

export type { Logger };

/** JSON lines on stdout; the supervisor or systemd puts them into a file. Secrets are never passed to it. */
export function createLogger(service: string, level: string): Logger {
  return pino({
    name: service,
    level,
    timestamp: pino.stdTimeFunctions.isoTime,
    base: { service, pid: process.pid },
  });
}
