import { pino, type DestinationStream, type Logger } from 'pino';

export type { Logger };

/** Bearer tokens, and passwords in URLs, wherever they may stand in a line. */
const SECRETS: readonly (readonly [pattern: RegExp, shown: string])[] = [
  [/bw_[A-Za-z0-9_-]{8,}/g, 'bw_[redacted]'],
  [/(:\/\/[^/\s:@"]*):[^/\s@"]+@/g, '$1:[redacted]@'],
];

/** The text without tokens and passwords. */
export function redactSecrets(text: string): string {
  return SECRETS.reduce((redacted, [pattern, shown]) => redacted.replace(pattern, shown), text);
}

/**
 * JSON lines on stdout; the supervisor or systemd puts them into a file. Secrets are never passed to it;
 * should one get in all the same (inside the message of a foreign error, say), it is taken out of the line.
 */
export function createLogger(service: string, level: string, destination?: DestinationStream): Logger {
  const options = {
    name: service,
    level,
    timestamp: pino.stdTimeFunctions.isoTime,
    base: { service, pid: process.pid },
    hooks: { streamWrite: redactSecrets },
  };
  return destination === undefined ? pino(options) : pino(options, destination);
}
