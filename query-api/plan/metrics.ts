import { z } from 'zod';
import type { StoredRange, Stretch } from './resolution.js';
import { Query, storedNumber } from './query.js';
import type { Scope } from './scope.js';
import { BUCKET_PIECE, increasesOf, RAW_PIECE } from './segments.js';
import { sql, type Sql } from './sql.js';
import { readTiers } from './tiers.js';

/** What rows of `samples` and of the rollups can be. */
export const METRIC_KINDS = [
  'sum',
  'exponential_histogram',
  'gauge',
  'cumulative_sum',
  'cumulative_exponential_histogram',
  'histogram',
  'cumulative_histogram',
  'up_down_sum',
] as const;
export type MetricKind = (typeof METRIC_KINDS)[number];

/** What the series of a metric can be grouped by. */
export const METRIC_GROUPINGS = ['app', 'instance', 'host', 'series'] as const;
export type MetricGrouping = (typeof METRIC_GROUPINGS)[number];

const GROUP_COLUMNS: Readonly<Record<MetricGrouping, Sql>> = {
  app: sql`app`,
  instance: sql`instance`,
  host: sql`host`,
  series: sql`toString(series)`,
};

const kind = z.enum(METRIC_KINDS);

const listedRow = z.object({ metric: z.string(), kind, unit: z.string(), newest_ms: storedNumber });
export type ListedRow = z.output<typeof listedRow>;

/** Every metric of the scope within the range, with the time of its newest row. */
export function planMetricNames(
  scope: Scope,
  request: { readonly range: StoredRange; readonly stretches: readonly Stretch[]; readonly limit: number },
): Query<ListedRow> {
  const { range, stretches, limit } = request;
  const where = sql`1`;
  const rows = readTiers(scope, range, stretches, {
    raw: {
      table: 'samples',
      columns: sql`metric, kind, unit, toUnixTimestamp64Milli(time) AS time_ms`,
      where,
    },
    rollup: {
      columns: sql`metric, kind, unit,
    greatest(toInt64(toUnixTimestamp(time)) * 1000, toUnixTimestamp64Milli(last.1)) AS time_ms`,
      where,
    },
  });
  return Query.of({
    name: 'metric_names',
    scope,
    sql: sql`SELECT metric, kind, unit, max(time_ms) AS newest_ms FROM ${rows.sql}
GROUP BY metric, kind, unit ORDER BY metric, kind, unit LIMIT {limit:UInt32}`,
    parameters: { ...rows.parameters, limit },
    row: listedRow,
  });
}

export interface MetricRequest {
  readonly metric: string;
  readonly by: MetricGrouping;
  /** Steps before `firstStepMs` are read so that the first one's increase is known. */
  readonly range: StoredRange;
  readonly firstStepMs: number;
  readonly stretches: readonly Stretch[];
}

const group = {
  step: storedNumber,
  kind,
  unit: z.string(),
  name: z.string(),
  label_app: z.string(),
  label_instance: z.string(),
  label_host: z.string(),
  labels: z.record(z.string(), z.string()),
};

/** Labels of a series stand beside each of its rows; of a group of many series there are none. */
function labelsOf(by: MetricGrouping): Sql {
  return by === 'series'
    ? sql`any(app) AS label_app, any(instance) AS label_instance, any(host) AS label_host, any(attributes) AS labels`
    : sql`'' AS label_app, '' AS label_instance, '' AS label_host, CAST(map(), 'Map(String, String)') AS labels`;
}

const increaseRow = z.object({
  ...group,
  bounds: z.array(z.number()),
  value: z.number(),
  count: storedNumber,
  sum: z.number(),
  zero_count: storedNumber,
  bucket_indexes: z.array(storedNumber),
  bucket_counts: z.array(storedNumber),
});
export type IncreaseRow = z.output<typeof increaseRow>;

/** Per step and group by how much sums and histograms grew, delta and cumulative ones alike. */
export function planIncreases(scope: Scope, request: MetricRequest): Query<IncreaseRow> {
  const { metric, by, range, firstStepMs, stretches } = request;
  const where = sql`metric = {metric:String} AND kind != 'gauge'`;
  const rows = readTiers(scope, range, stretches, {
    raw: { table: 'samples', columns: RAW_PIECE, where },
    rollup: { columns: BUCKET_PIECE, where },
  });
  return Query.of({
    name: 'metric_increases',
    scope,
    sql: sql`SELECT step, kind, unit, bounds, ${GROUP_COLUMNS[by]} AS name, ${labelsOf(by)},
  sum(increase.value) AS value, sum(increase.count) AS count, sum(increase.sum) AS sum,
  sum(increase.zero_count) AS zero_count,
  tupleElement(buckets, 1) AS bucket_indexes, tupleElement(buckets, 2) AS bucket_counts,
  sumMap(increase.indexes, increase.counts) AS buckets
FROM ${increasesOf(rows.sql)} AS increase
WHERE step >= {first_step_ms:Int64}
GROUP BY step, kind, unit, bounds, name`,
    parameters: { ...rows.parameters, metric, first_step_ms: firstStepMs },
    row: increaseRow,
  });
}

const gaugeRow = z.object({
  ...group,
  last: z.number(),
  min: z.number(),
  max: z.number(),
  sum: z.number(),
  count: storedNumber,
});
export type GaugeRow = z.output<typeof gaugeRow>;

/** Per step and group the newest, lowest and highest value of gauges, and what their mean is made of. */
export function planGauges(scope: Scope, request: MetricRequest): Query<GaugeRow> {
  const { metric, by, range, firstStepMs, stretches } = request;
  const labels = sql`kind, unit, series, app, instance, host, attributes`;
  const where = sql`metric = {metric:String} AND kind = 'gauge'`;
  const rows = readTiers(scope, range, stretches, {
    raw: {
      table: 'samples',
      columns: sql`${labels}, (toUnixTimestamp64Milli(time), series, source) AS place, value AS newest,
    value AS low, value AS high, value AS total, toUInt64(1) AS number`,
      where,
    },
    rollup: {
      columns: sql`${labels}, (toUnixTimestamp64Milli(last.1), series, toUInt64(0)) AS place, value AS newest,
    min AS low, max AS high, sum AS total, count AS number`,
      where,
    },
  });
  return Query.of({
    name: 'metric_gauges',
    scope,
    sql: sql`SELECT step, kind, unit, ${GROUP_COLUMNS[by]} AS name, ${labelsOf(by)},
  argMax(newest, place) AS last, min(low) AS min, max(high) AS max, sum(total) AS sum, sum(number) AS count
FROM ${rows.sql} AS gauge
WHERE step >= {first_step_ms:Int64}
GROUP BY step, kind, unit, name`,
    parameters: { ...rows.parameters, metric, first_step_ms: firstStepMs },
    row: gaugeRow,
  });
}
