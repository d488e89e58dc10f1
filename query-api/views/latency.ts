import { z } from 'zod';
import { mean, quantile, type ExponentialHistogram } from '../../common/histogram/exponential-histogram.js';
import { signalNames } from '../../common/signals/catalogue.js';
import { planLatency, type LatencyRow } from '../plan/latency.js';
import { stepsOf } from '../plan/range.js';
import type { CustomerScope } from '../plan/scope.js';
import { formatTime } from '../plan/time.js';
import { readCoverage, readStoredSteps, readStretches, resolutionOf, type ViewContext } from './context.js';
import {
  customerPath,
  name,
  quantities,
  rangeParameters,
  resolutionParameter,
  resolutions,
  stepParameter,
  sureness,
  time,
} from './schemas.js';

const signals = signalNames('exponential_histogram');

export const latencyRequest = {
  params: customerPath,
  querystring: z.strictObject({
    signal: z
      .enum(signals, `right would be one of ${signals.join(', ')}`)
      .default('tcp.rtt')
      .describe('A latency of the signal catalogue'),
    ...rangeParameters,
    step: stepParameter,
    resolution: resolutionParameter,
    app: name.optional().describe('Only this app; all of the customer without it'),
  }),
};

export const latencyAnswer = z.object({
  customer: z.string(),
  signal: z.string(),
  unit: z.literal('s'),
  from: time.describe('Start of the first step'),
  to: time.describe('End of the last step'),
  step_seconds: z.number(),
  ...resolutions,
  ...sureness,
  points: z.array(z.object({ time: time.describe('Start of the step'), ...quantities })),
});

/** Count, quantiles and mean per step; null where nothing was measured, 0 where nothing happened. */
export async function answerLatency(
  context: ViewContext,
  scope: CustomerScope,
  query: z.output<typeof latencyRequest.querystring>,
  signal: AbortSignal,
): Promise<z.output<typeof latencyAnswer>> {
  const range = readStoredSteps(context, query);
  const { coveredSteps, ...sure } = await readCoverage(context, scope, range, signal);
  const stretches = await readStretches(context, range, signal);
  const plan = planLatency(scope, { signal: query.signal, app: query.app, range, stretches });
  const rows = new Map((await context.executor.run(plan, signal)).map((row) => [row.step, row]));
  return {
    customer: scope.customer,
    signal: query.signal,
    unit: 's',
    from: formatTime(range.fromMs),
    to: formatTime(range.toMs),
    step_seconds: range.stepMs / 1000,
    ...resolutionOf(stretches),
    ...sure,
    points: stepsOf(range).map((step) => ({
      time: formatTime(step),
      ...quantitiesOf(rows.get(step), coveredSteps.has(step)),
    })),
  };
}

type Quantities = { [Key in keyof typeof quantities]: number | null };

function quantitiesOf(row: LatencyRow | undefined, covered: boolean): Quantities {
  if (row === undefined || row.count === 0) {
    return { count: covered ? 0 : null, p50: null, p90: null, p99: null, mean: null };
  }
  const inBuckets = row.bucket_counts.reduce((total, count) => total + count, row.zero_count);
  const histogram: ExponentialHistogram = {
    count: inBuckets,
    zeroCount: row.zero_count,
    sum: row.sum,
    bucketIndexes: row.bucket_indexes,
    bucketCounts: row.bucket_counts,
  };
  return {
    count: row.count,
    p50: quantile(histogram, 0.5),
    p90: quantile(histogram, 0.9),
    p99: quantile(histogram, 0.99),
    mean: mean({ ...histogram, count: row.count }),
  };
}
