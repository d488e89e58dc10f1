import { z } from 'zod';
import { planCustomers } from '../plan/ledger.js';
import { DEFAULT_FROM, DEFAULT_TO } from '../plan/range.js';
import type { FleetScope } from '../plan/scope.js';
import { readRange, readSureness, wholeWindows, type ViewContext } from './context.js';
import { sureness } from './schemas.js';

export const customersRequest = { querystring: z.strictObject({}) };

export const customersAnswer = z.object({
  customers: z.array(z.string()).describe('Who was watched for in the last day, or holds a token'),
  ...sureness,
});

/** The customers that there are, by name; sureness is that of the fleet's last 15 minutes. */
export async function answerCustomers(
  context: ViewContext,
  scope: FleetScope,
  signal: AbortSignal,
): Promise<z.output<typeof customersAnswer>> {
  const range = readRange(context, { from: DEFAULT_FROM, to: DEFAULT_TO });
  const stored = wholeWindows(context, range);
  const sure = await readSureness(context, scope, stored, signal);
  const rows = await context.executor.run(planCustomers(scope, context.now()), signal);
  const names = new Set([...rows.map((row) => row.customer), ...context.tokenCustomers()]);
  return { customers: [...names].filter((name) => name !== '').sort(), ...sure };
}
