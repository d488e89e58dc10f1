import { z } from 'zod';
import { BellwetherError } from '../runtime/errors.js';
import { redactSecrets } from '../runtime/log.js';

/**
 * Parses the environment by a schema once, at start; the result is frozen.
 * @throws BellwetherError `config_invalid` that names each variable, what it held and what would be right.
 */
export function parseEnvironment<T extends z.ZodType<object>>(
  schema: T,
  environment: NodeJS.ProcessEnv = process.env,
): Readonly<z.output<T>> {
  const present = Object.fromEntries(Object.entries(environment).filter(([, value]) => value !== ''));
  const parsed = schema.safeParse(present);
  if (parsed.success) return Object.freeze(parsed.data);
  const problems = parsed.error.issues.map((issue) => {
    const held = heldText(present, issue.path[0]);
    return `${issue.path.join('.') || 'environment'}${held}: ${issue.message}`;
  });
  throw new BellwetherError('config_invalid', problems.join('; '));
}

/** Variables whose content is nobody's business, not even to whom it is wrong. */
const SECRET_NAME = /USERS|PASSWORD|SECRET|TOKEN/;
const SHOWN_CHARACTERS = 100;

/** What a variable held, without secrets; empty when it was not set. */
function heldText(environment: Readonly<Record<string, unknown>>, name: PropertyKey | undefined): string {
  const value = typeof name === 'string' && !SECRET_NAME.test(name) ? environment[name] : undefined;
  return typeof value === 'string' ? ` is "${redactSecrets(value).slice(0, SHOWN_CHARACTERS)}"` : '';
}

const wholeNumber = (error: string) => z.coerce.number({ error }).int({ error });
export const port = (fallback: number) => {
  const error = 'must be a whole number from 0 to 65535';
  return wholeNumber(error).min(0, { error }).max(65_535, { error }).default(fallback);
};
export const positiveInteger = (fallback: number) => {
  const error = 'must be a whole number above 0';
  return wholeNumber(error).positive({ error }).default(fallback);
};
export const httpUrl = z.url({ protocol: /^https?$/, error: 'must be an http:// or https:// URL' });

/** Comma-separated host:port pairs. */
export const brokerList = z
  .string()
  .transform((text) =>
    text
      .split(',')
      .map((broker) => broker.trim())
      .filter((broker) => broker !== ''),
  )
  .pipe(z.array(z.string().regex(/^[^\s:]+:\d+$/, 'each broker must be host:port')).min(1));

/** What every process reads. */
export const commonEnvironment = {
  LOG_LEVEL: z.enum(['trace', 'debug', 'info', 'warn', 'error', 'fatal']).default('info'),
  /** Address that servers listen on; loopback unless somebody decides otherwise. */
  BELLWETHER_LISTEN_HOST: z.string().min(1).default('127.0.0.1'),
} as const;
