import { z } from 'zod';
import { DEFAULT_FROM, DEFAULT_TO } from '../plan/range.js';
import { RESOLUTIONS } from '../plan/resolution.js';

/** Answers name times in RFC 3339, UTC. */
export const time = z.string().meta({ format: 'date-time' });
export const countOrNull = z.number().nullable();
const seconds = z.number().nullable();

export const completeness = z
  .object({
    windows_expected: z.int().describe('Host-windows that should be in by now'),
    windows_received: z.int().describe('Of these, how many are in and still stored'),
    ratio: z.number().nullable().describe('received / expected; null when none was expected'),
    points_lost: z.number().describe('Measurements that the hosts say they lost in the range'),
  })
  .meta({ id: 'Completeness' });

/** In every answer about measurements. */
export const sureness = {
  freshness: time
    .nullable()
    .describe('End of the newest window up to which every expected host has reported'),
  completeness,
};

const resolution = z.enum(RESOLUTIONS);

/** In every answer that is made of steps. */
export const resolutions = {
  resolution: resolution.describe(
    'The coarsest that any part was read at; raw: the windows as they were measured. The figures are the same',
  ),
  resolutions: z
    .array(
      z.object({
        from: time,
        to: time,
        resolution,
      }),
    )
    .describe('What each part of the range was read at, in order'),
};

export const resolutionParameter = z
  .enum(['auto', 'raw'], 'right would be auto or raw')
  .default('auto')
  .describe('raw: nothing but the windows as they were measured, which costs more and reaches less far back');

export const quantities = { count: countOrNull, p50: seconds, p90: seconds, p99: seconds, mean: seconds };

const timeHelp = 'RFC 3339 with a zone, or relative: now, now-5m, now-2h30m';

/** from and to of every range. */
export const rangeParameters = {
  from: z.string().max(64).default(DEFAULT_FROM).describe(timeHelp),
  to: z.string().max(64).default(DEFAULT_TO).describe(timeHelp),
};

export const stepParameter = z
  .string()
  .max(64)
  .optional()
  .describe(
    'Duration such as 10s or 1m, a multiple of the window; without it one that suits a chart and what is stored',
  );

/** A row limit that arrives as text. */
export function limitParameter(fallback: number, most: number) {
  return z
    .string()
    .refine((text) => /^\d{1,6}$/.test(text) && Number(text) >= 1 && Number(text) <= most, {
      error: `right would be a whole number from 1 to ${most}`,
    })
    .default(String(fallback))
    .describe(`At most this many, 1 to ${most}`);
}

/** Names are opaque here; they only have to be short and printable. */
export const name = z
  .string()
  .min(1, 'right would be a name')
  .max(128, 'right would be a name of at most 128 characters')
  // eslint forbids control characters in a regular expression; the property says the same.
  .regex(/^\P{Cc}+$/u, 'right would be a name without control characters');

export const customerPath = z.strictObject({ customer: name });
