import { z } from 'zod';
import { planEvents } from '../plan/events.js';
import type { CustomerScope } from '../plan/scope.js';
import { formatTime } from '../plan/time.js';
import { readRange, readSureness, wholeWindows, type ViewContext } from './context.js';
import { explain } from './explain.js';
import { customerPath, limitParameter, rangeParameters, sureness, time } from './schemas.js';

export const eventsRequest = {
  params: customerPath,
  querystring: z.strictObject({ ...rangeParameters, limit: limitParameter(100, 1_000) }),
};

export const eventsAnswer = z.object({
  customer: z.string(),
  from: time,
  to: time,
  ...sureness,
  events: z.array(
    z.object({
      time,
      reason: z.string(),
      cause: z.string(),
      fault: z.string(),
      explanation: z.string().nullable(),
      remedy: z.string().nullable(),
      place: z.string().describe('Where in its path the packet was'),
      protocol: z.string(),
      source_address: z.string(),
      source_port: z.int(),
      destination_address: z.string(),
      destination_port: z.int(),
      length_bytes: z.int(),
      app: z.string(),
      instance: z.string(),
      interface: z.string(),
    }),
  ),
});

/** A sample of the packets that were dropped, newest first. */
export async function answerEvents(
  context: ViewContext,
  scope: CustomerScope,
  query: z.output<typeof eventsRequest.querystring>,
  signal: AbortSignal,
): Promise<z.output<typeof eventsAnswer>> {
  const range = readRange(context, query);
  const stored = wholeWindows(context, range, context.eventRetentionMs);
  const sure = await readSureness(context, scope, stored, signal);
  const plan = planEvents(scope, { range, limit: Number(query.limit) });
  const rows = await context.executor.run(plan, signal);
  return {
    customer: scope.customer,
    from: formatTime(range.fromMs),
    to: formatTime(range.toMs),
    ...sure,
    events: rows.map(({ time_ms: timeMs, ...row }) => ({
      time: formatTime(timeMs),
      ...row,
      ...explain(row),
    })),
  };
}
