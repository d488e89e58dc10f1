import type { SignalBatch } from '../../../common/wire/batch.js';
import { fleetPoints, hostId, windowStart, type FleetBatchId, type FleetPlan } from './plan.js';
import { addPoint, emptyTotals, seriesKey, type Totals } from './totals.js';

/** What must be stored, known without the store: from what the topic took. */
export interface Oracle {
  /** How the `host.id` of its hosts begins; other rows of the store are none of its business. */
  readonly hostPrefix: string;
  /** Each series that any batch speaks of. */
  readonly keys: readonly string[];
  /** First and last window start of any batch, Unix milliseconds. */
  readonly range: readonly [number, number];
  /** Length of a raw bucket: a window. */
  readonly windowMs: number;
  /** How many batches speak of the series in [startMs, startMs + lengthMs). */
  sources(key: string, startMs: number, lengthMs: number): number;
  /** All that they say of it, added up. */
  totals(key: string, startMs: number, lengthMs: number): Totals;
}

/** Of a fleet: its numbers come from the plan, so only which batches there are has to be known. */
export function fleetOracle(plan: FleetPlan, batches: readonly FleetBatchId[]): Oracle {
  const windows = batches.map(({ window }) => window);
  const lastWindow = most(windows);
  /** For each host how many batches there are of each window. */
  const hosts = new Map<number, Int32Array>();
  for (const { host, window } of batches) {
    const counts = entry(hosts, host, () => new Int32Array(lastWindow + 1));
    counts[window] = (counts[window] ?? 0) + 1;
  }
  const series = seriesOf(plan, [...hosts.keys()]);
  const countsOf = (host: number) => hosts.get(host) ?? new Int32Array();
  return {
    hostPrefix: `${plan.hostPrefix}-`,
    keys: [...series.keys()],
    range: [windowStart(plan, least(windows)), windowStart(plan, lastWindow)],
    windowMs: plan.windowMs,
    sources(key, startMs, lengthMs) {
      const found = series.get(key);
      if (found === undefined) return 0;
      return weightsOf(plan, countsOf(found.host), startMs, lengthMs).reduce(
        (sum, weight) => sum + weight,
        0,
      );
    },
    totals(key, startMs, lengthMs) {
      const totals = emptyTotals();
      const found = series.get(key);
      if (found === undefined) return totals;
      weightsOf(plan, countsOf(found.host), startMs, lengthMs).forEach((weight, variant) => {
        const point = found.byVariant[variant];
        if (weight > 0 && point !== undefined) addPoint(totals, point, weight);
      });
      return totals;
    },
  };
}

/** Of batches that were read from the log itself, such as a real agent's; each identity counts once. */
export function batchesOracle(hostPrefix: string, batches: readonly SignalBatch[], windowMs: number): Oracle {
  const unique = new Map(batches.map((batch) => [JSON.stringify(batch.identity), batch]));
  const series = new Map<string, Map<number, Totals>>();
  const sources = new Map<string, Map<number, number>>();
  for (const batch of unique.values()) {
    const here = new Set<string>();
    for (const point of batch.points) {
      const key = seriesKey({ ...point, host: batch.host.id, metric: point.signal });
      const times = entry(series, key, () => new Map<number, Totals>());
      const totals = entry(times, batch.windowStartMs, emptyTotals);
      addPoint(totals, point);
      // Points of one message on one key are one row.
      if (here.has(key)) totals.rows -= 1;
      else {
        const counts = entry(sources, key, () => new Map<number, number>());
        counts.set(batch.windowStartMs, (counts.get(batch.windowStartMs) ?? 0) + 1);
      }
      here.add(key);
    }
  }
  const starts = [...unique.values()].map(({ windowStartMs }) => windowStartMs);
  const within = <T>(values: ReadonlyMap<number, T> | undefined, startMs: number, lengthMs: number): T[] =>
    [...(values ?? [])].filter(([at]) => at >= startMs && at < startMs + lengthMs).map(([, value]) => value);
  return {
    hostPrefix,
    keys: [...series.keys()],
    range: [least(starts), most(starts)],
    windowMs,
    sources: (key, startMs, lengthMs) =>
      within(sources.get(key), startMs, lengthMs).reduce((sum, count) => sum + count, 0),
    totals: (key, startMs, lengthMs) => within(series.get(key), startMs, lengthMs).reduce(add, emptyTotals()),
  };
}

function add(a: Totals, b: Totals): Totals {
  const buckets = new Map(a.buckets);
  for (const [index, count] of b.buckets) buckets.set(index, (buckets.get(index) ?? 0) + count);
  return {
    rows: a.rows + b.rows,
    value: a.value + b.value,
    count: a.count + b.count,
    sum: a.sum + b.sum,
    zeroCount: a.zeroCount + b.zeroCount,
    buckets,
  };
}

/** For each series of these hosts, its point in each variant. */
function seriesOf(plan: FleetPlan, hosts: readonly number[]) {
  const series = new Map<string, { host: number; byVariant: ReturnType<typeof fleetPoints> }>();
  for (const host of hosts) {
    for (let variant = 0; variant < plan.variants; variant += 1) {
      for (const point of fleetPoints(plan, host, variant)) {
        const key = seriesKey({ ...point, host: hostId(plan, host), metric: point.signal });
        entry(series, key, () => ({ host, byVariant: [] })).byVariant[variant] = point;
      }
    }
  }
  return series;
}

/** How many batches of each variant lie in the stretch. */
function weightsOf(plan: FleetPlan, counts: Int32Array, startMs: number, lengthMs: number): number[] {
  const weights = new Array<number>(plan.variants).fill(0);
  const first = Math.max(0, Math.ceil((startMs - plan.startMs) / plan.windowMs));
  const end = Math.min(counts.length, Math.ceil((startMs + lengthMs - plan.startMs) / plan.windowMs));
  for (let window = first; window < end; window += 1) {
    const variant = window % plan.variants;
    weights[variant] = (weights[variant] ?? 0) + (counts[window] ?? 0);
  }
  return weights;
}

function entry<K, V>(map: Map<K, V>, key: K, make: () => V): V {
  let value = map.get(key);
  if (value === undefined) {
    value = make();
    map.set(key, value);
  }
  return value;
}

function least(values: readonly number[]): number {
  return values.reduce((a, b) => Math.min(a, b), Infinity);
}

function most(values: readonly number[]): number {
  return values.reduce((a, b) => Math.max(a, b), -Infinity);
}
