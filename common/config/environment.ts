import { z } from 'zod';
import { BellwetherError } from '../runtime/errors.js';

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
  const problems = parsed.error.issues.map(
    (issue) => `${issue.path.join('.') || 'environment'}: ${issue.message}`,
  );
  throw new BellwetherError('config_invalid', problems.join('; '));
}

export const port = (fallback: number) => z.coerce.number().int().min(0).max(65_535).default(fallback);
export const positiveInteger = (fallback: number) => z.coerce.number().int().positive().default(fallback);
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
