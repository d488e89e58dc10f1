import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from 'prom-client';
import type { Lane } from './lanes.js';
import { createPartsMetrics, type PartsMetrics } from './parts-metrics.js';

/** What the store counts about itself. */
export interface StoreMetrics {
  readonly registry: Registry;
  readonly queries: Counter<'lane' | 'outcome'>;
  readonly seconds: Histogram<'lane'>;
  readonly failures: Counter<'code' | 'type'>;
  readonly insertedRows: Counter;
  readonly insertedBytes: Counter;
  readonly refused: Counter<'lane'>;
  readonly cancelled: Counter;
  readonly brokenOff: Counter;
  readonly parts: PartsMetrics;
  readonly partsReadFailures: Counter;
  watchLane(lane: Lane): void;
}

export function createMetrics(): StoreMetrics {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  const registers = [registry];
  const lanes: Lane[] = [];
  const gauge = (name: string, help: string, value: (lane: Lane) => number) =>
    new Gauge({
      name,
      help,
      labelNames: ['lane'],
      registers,
      collect() {
        for (const lane of lanes) this.set({ lane: lane.name }, value(lane));
      },
    });
  gauge('bellwether_store_running', 'What runs now, by lane', (lane) => lane.running);
  gauge('bellwether_store_waiting', 'What waits for a place, by lane', (lane) => lane.waiting);
  const counter = <T extends string>(name: string, help: string, labelNames: T[]) =>
    new Counter<T>({ name, help, labelNames, registers });
  return {
    registry,
    queries: counter('bellwether_store_queries_total', 'Requests that ran, by lane and outcome', [
      'lane',
      'outcome',
    ]),
    seconds: new Histogram({
      name: 'bellwether_store_query_seconds',
      help: 'From the place in the lane to the last byte',
      labelNames: ['lane'],
      buckets: [0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 30, 60],
      registers,
    }),
    failures: counter('bellwether_store_failures_total', "Answers with an error, by ClickHouse's code", [
      'code',
      'type',
    ]),
    insertedRows: counter(
      'bellwether_store_inserted_rows_total',
      'Rows written by inserts with data, views included',
      [],
    ),
    insertedBytes: counter(
      'bellwether_store_inserted_bytes_total',
      'Uncompressed bytes of data taken by inserts',
      [],
    ),
    refused: counter('bellwether_store_refused_total', 'Requests refused because the lane was full', [
      'lane',
    ]),
    cancelled: counter(
      'bellwether_store_cancelled_total',
      'Queries ended because their client went away',
      [],
    ),
    brokenOff: counter(
      'bellwether_store_broken_off_total',
      'Answers broken off by an error after the first byte (the socket is destroyed)',
      [],
    ),
    parts: createPartsMetrics(registry),
    partsReadFailures: counter(
      'bellwether_store_parts_read_failures_total',
      'Times that the parts of the tables could not be looked at.',
      [],
    ),
    watchLane: (lane) => void lanes.push(lane),
  };
}
