import fc from 'fast-check';
import { DROP_GROUPINGS } from '../../../query-api/plan/drops.js';
import { METRIC_GROUPINGS } from '../../../query-api/plan/metrics.js';
import { CUSTOMERS } from './agents.js';
import { METRICS } from './foreign.js';

const [SECOND, MINUTE, HOUR, DAY] = [1_000, 60_000, 3_600_000, 86_400_000];
const STEPS = [5 * SECOND, 30 * SECOND, MINUTE, 5 * MINUTE, HOUR, 6 * HOUR, DAY] as const;

/** From and to of a question, and its step in seconds. */
export interface Span {
  readonly from: string;
  readonly to: string;
  readonly step: string;
}

/** Ranges that begin near one of the times and are up to 600 steps long. */
export function spans(nearMs: readonly number[], stepsMs: readonly number[] = STEPS): fc.Arbitrary<Span> {
  return fc
    .record({
      near: fc.constantFrom(...nearMs),
      stepMs: fc.constantFrom(...stepsMs),
      count: fc.integer({ min: 1, max: 600 }),
      before: fc.integer({ min: 0, max: 600 }),
      off: fc.integer({ min: -90 * SECOND, max: 90 * SECOND }),
    })
    .map(({ near, stepMs, count, before, off }) => {
      // Never more than a few days, so that long steps make short answers.
      const lengthMs = Math.min(count * stepMs, 5 * DAY);
      const fromMs = near + off - Math.min(before * stepMs, lengthMs);
      const iso = (milliseconds: number) => new Date(milliseconds).toISOString();
      return { from: iso(fromMs), to: iso(fromMs + lengthMs), step: `${stepMs / SECOND}s` };
    });
}

export type Question = Span & {
  readonly customer: string;
} & (
    | { readonly view: 'latency'; readonly signal: 'tcp.rtt' | 'tcp.connect.duration'; readonly app?: string }
    | { readonly view: 'drops'; readonly by: (typeof DROP_GROUPINGS)[number] }
    | { readonly view: 'metric'; readonly metric: string; readonly by: (typeof METRIC_GROUPINGS)[number] }
  );

export function questions(span: fc.Arbitrary<Span>): fc.Arbitrary<Question> {
  const customer = fc.constantFrom(...CUSTOMERS, 'nobody');
  const latency = fc.record(
    {
      view: fc.constant('latency' as const),
      signal: fc.constantFrom('tcp.rtt' as const, 'tcp.connect.duration' as const),
      app: fc.constantFrom('web', 'cron'),
    },
    { requiredKeys: ['view', 'signal'] },
  );
  const drops = fc.record({ view: fc.constant('drops' as const), by: fc.constantFrom(...DROP_GROUPINGS) });
  const metric = fc.record({
    view: fc.constant('metric' as const),
    metric: fc.constantFrom(...METRICS),
    by: fc.constantFrom(...METRIC_GROUPINGS),
  });
  return fc
    .tuple(span, customer, fc.oneof(latency, drops, { weight: 2, arbitrary: metric }))
    .map(([range, who, asked]) => ({ ...range, customer: who, ...asked }));
}
