import { z } from 'zod';
import { planLedger } from '../plan/ledger.js';
import type { FleetScope } from '../plan/scope.js';
import { formatTime } from '../plan/time.js';
import { readRange, readSureness, wholeWindows, type ViewContext } from './context.js';
import { limitParameter, rangeParameters, sureness, time } from './schemas.js';

const counts = z.record(z.string(), z.number());

export const ledgerRequest = {
  querystring: z.strictObject({ ...rangeParameters, limit: limitParameter(1_000, 10_000) }),
};

export const ledgerAnswer = z.object({
  from: time,
  to: time,
  ...sureness,
  truncated: z.boolean().describe('There are more windows than the limit; these are the newest'),
  windows: z.array(
    z.object({
      host: z.string(),
      region: z.string(),
      window_start: time,
      window_end: time,
      run: z.string().describe('Made by the agent at each start'),
      seq: z.number().describe('Counts the batches of a run from 0'),
      emitted_points: z.number(),
      stored_points: z.number(),
      rejected_points: z.number(),
      lost: counts.describe('Measurements lost on the host, by cause'),
      unattributed: counts.describe('Values without an owner, by signal'),
      goodbye: z.boolean(),
    }),
  ),
});

/** What each host sent per window, what of it is stored, and what was lost where. */
export async function answerLedger(
  context: ViewContext,
  scope: FleetScope,
  query: z.output<typeof ledgerRequest.querystring>,
  signal: AbortSignal,
): Promise<z.output<typeof ledgerAnswer>> {
  const range = readRange(context, query);
  // The ledger outlives the measurements, so nothing of it is clipped.
  const stored = wholeWindows(context, range);
  const limit = Number(query.limit);
  const sure = await readSureness(context, scope, stored, signal);
  const rows = await context.executor.run(planLedger(scope, { range, limit: limit + 1 }), signal);
  return {
    from: formatTime(range.fromMs),
    to: formatTime(range.toMs),
    ...sure,
    truncated: rows.length > limit,
    windows: rows.slice(0, limit).map(({ start_ms: startMs, end_ms: endMs, ...row }) => ({
      ...row,
      window_start: formatTime(startMs),
      window_end: formatTime(endMs),
    })),
  };
}
