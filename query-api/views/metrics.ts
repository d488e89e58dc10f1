import { z } from 'zod';
import { LOOKBACK_MS } from '../../common/clickhouse/cumulative.js';
import { BellwetherError } from '../../common/runtime/errors.js';
import { SIGNALS } from '../../common/signals/catalogue.js';
import {
  METRIC_GROUPINGS,
  METRIC_KINDS,
  planGauges,
  planIncreases,
  planMetricNames,
  type GaugeRow,
  type IncreaseRow,
  type MetricKind,
} from '../plan/metrics.js';
import { stepsOf } from '../plan/range.js';
import type { CustomerScope } from '../plan/scope.js';
import { formatTime } from '../plan/time.js';
import { readStoredSteps, readStretches, resolutionOf, withinRange, type ViewContext } from './context.js';
import { gaugeOf, gaugePoint, histogramOf, histogramPoint, sumPoint } from './metric-points.js';
import {
  customerPath,
  name,
  rangeParameters,
  resolutionParameter,
  resolutions,
  stepParameter,
  time,
} from './schemas.js';

/** Metrics of one listing, and groups × steps of one answer. */
const MAX_METRICS = 10_000;
const MAX_POINTS = 200_000;

/** Signals of our own agents have views of their own, which fold what a customer must not see. */
const OURS: ReadonlyMap<string, string> = new Map(SIGNALS.map((signal) => [signal.name, signal.kind]));

const EXPLICIT: ReadonlySet<MetricKind> = new Set(['histogram', 'cumulative_histogram']);

const kind = z.enum(METRIC_KINDS).describe('Without cumulative_ it was sent as deltas');
const unit = z.string().describe('As sent');

export const metricsRequest = {
  params: customerPath,
  querystring: z.strictObject(rangeParameters),
};

export const metricsAnswer = z.object({
  customer: z.string(),
  from: time,
  to: time,
  ...resolutions,
  truncated: z.boolean().describe(`There are more than ${MAX_METRICS}`),
  metrics: z.array(
    z.object({
      name: z.string(),
      kind,
      unit,
      newest: time.describe('Of its newest row in the range, to the resolution that it was read at'),
    }),
  ),
});

/** The metrics that others than our agents sent for the customer within the range. */
export async function answerMetrics(
  context: ViewContext,
  scope: CustomerScope,
  query: z.output<typeof metricsRequest.querystring>,
  signal: AbortSignal,
): Promise<z.output<typeof metricsAnswer>> {
  // The answer has no steps: one that suits the range says at what it is read.
  const range = readStoredSteps(context, { ...query, step: undefined, resolution: 'auto' });
  const stretches = await readStretches(context, range, signal);
  const limit = MAX_METRICS + OURS.size + 1;
  const rows = await context.executor.run(planMetricNames(scope, { range, stretches, limit }), signal);
  const theirs = rows.filter((row) => !OURS.has(row.metric));
  return {
    customer: scope.customer,
    from: formatTime(range.fromMs),
    to: formatTime(range.toMs),
    ...resolutionOf(stretches),
    truncated: theirs.length > MAX_METRICS,
    metrics: theirs.slice(0, MAX_METRICS).map((row) => ({
      name: row.metric,
      kind: row.kind,
      unit: row.unit,
      newest: formatTime(row.newest_ms),
    })),
  };
}

export const metricRequest = {
  params: z.strictObject({ ...customerPath.shape, metric: name }),
  querystring: z.strictObject({
    ...rangeParameters,
    step: stepParameter,
    resolution: resolutionParameter,
    by: z
      .enum(METRIC_GROUPINGS, `right would be one of ${METRIC_GROUPINGS.join(', ')}`)
      .default('app')
      .describe('What makes a group; series: each by itself, with its labels'),
  }),
};

const start = time.describe('Start of the step');
const points = z
  .union([
    z.array(z.object({ time: start, ...sumPoint.shape })),
    z.array(z.object({ time: start, ...gaugePoint.shape })),
    z.array(z.object({ time: start, ...histogramPoint.shape })),
  ])
  .describe('null where no row lies in the step');

export const metricAnswer = z.object({
  customer: z.string(),
  metric: z.string(),
  from: time.describe('Start of the first step'),
  to: time.describe('End of the last step'),
  step_seconds: z.number(),
  by: z.enum(METRIC_GROUPINGS),
  ...resolutions,
  groups: z.array(
    z.object({
      name: z.string().describe('The value of what is grouped by'),
      kind,
      unit,
      bounds: z.array(z.number()).nullable().describe('Upper bounds of explicit buckets'),
      labels: z
        .object({
          app: z.string(),
          instance: z.string(),
          host: z.string(),
          attributes: z.record(z.string(), z.string()),
        })
        .nullable()
        .describe('Of a series; null when grouped by anything else'),
      points,
    }),
  ),
});
type MetricAnswer = z.output<typeof metricAnswer>;
type Group = MetricAnswer['groups'][number];

/** What a metric of others did per step and group: by how much it grew, or which values it took. */
export async function answerMetric(
  context: ViewContext,
  scope: CustomerScope,
  metric: string,
  query: z.output<typeof metricRequest.querystring>,
  signal: AbortSignal,
): Promise<MetricAnswer> {
  refuseOurs(metric);
  const range = readStoredSteps(context, query);
  // Increases of the first step begin at the row before it.
  const earlier = { ...range, fromMs: range.fromMs - LOOKBACK_MS };
  const stretches = await readStretches(context, earlier, signal);
  const request = { metric, by: query.by, range: earlier, firstStepMs: range.fromMs, stretches };
  const [increases, gauges] = await Promise.all([
    context.executor.run(planIncreases(scope, request), signal),
    context.executor.run(planGauges(scope, request), signal),
  ]);
  const steps = stepsOf(range);
  const groups = groupsOf([...increases, ...gauges]);
  if (groups.length * steps.length > MAX_POINTS) {
    throw new BellwetherError(
      'too_many_points',
      `${groups.length} groups of ${steps.length} steps are more than ${MAX_POINTS} points; right would be a longer step, a shorter range or by=app`,
    );
  }
  return {
    customer: scope.customer,
    metric,
    from: formatTime(range.fromMs),
    to: formatTime(range.toMs),
    step_seconds: range.stepMs / 1000,
    by: query.by,
    ...resolutionOf(withinRange(stretches, range)),
    groups: groups.map((rows) => groupOf(rows, steps, query.by === 'series')),
  };
}

function refuseOurs(metric: string): void {
  const ours = OURS.get(metric);
  if (ours === undefined) return;
  const view = ours === 'exponential_histogram' ? `latency?signal=${metric}` : 'drops';
  throw new BellwetherError(
    'bad_request',
    `metric: "${metric}" is a signal of our own agents; right would be /v1/customers/{customer}/${view}`,
  );
}

type Row = IncreaseRow | GaugeRow;
type Rows = readonly [Row, ...Row[]];

/** Rows of one name, kind, unit and set of bounds: what can be added up or compared. Ordered by these. */
function groupsOf(rows: readonly Row[]): Rows[] {
  const byKey = new Map<string, [Row, ...Row[]]>();
  for (const row of rows) {
    const key = JSON.stringify([row.name, row.kind, row.unit, 'bounds' in row ? row.bounds : []]);
    const group = byKey.get(key);
    if (group === undefined) byKey.set(key, [row]);
    else group.push(row);
  }
  return [...byKey].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, group]) => group);
}

function groupOf(rows: Rows, steps: readonly number[], withLabels: boolean): Group {
  const [row] = rows;
  return {
    name: row.name,
    kind: row.kind,
    unit: row.unit,
    bounds: 'bounds' in row && EXPLICIT.has(row.kind) ? row.bounds : null,
    labels: withLabels
      ? { app: row.label_app, instance: row.label_instance, host: row.label_host, attributes: row.labels }
      : null,
    points: pointsOf(rows, steps),
  };
}

/** What is in each step, in the form of the group's kind. */
function pointsOf(rows: Rows, steps: readonly number[]): Group['points'] {
  const increases = new Map<number, IncreaseRow>();
  const gauges = new Map<number, GaugeRow>();
  for (const row of rows) {
    if ('last' in row) gauges.set(row.step, row);
    else increases.set(row.step, row);
  }
  if (gauges.size > 0) return steps.map((step) => ({ time: formatTime(step), ...gaugeOf(gauges.get(step)) }));
  if (rows[0].kind.endsWith('sum')) {
    return steps.map((step) => ({
      time: formatTime(step),
      increase: increases.get(step)?.value ?? null,
    }));
  }
  return steps.map((step) => ({ time: formatTime(step), ...histogramOf(increases.get(step)) }));
}
