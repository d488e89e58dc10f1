import { z } from 'zod';
import type { ClickHouseClient } from '../../common/clickhouse/connection.js';
import { spanOf, type Bucket, type TimeRange } from './buckets.js';
import { FOLD_STATEMENT } from './sql/fold.js';
import {
  DAYS_STATEMENT,
  deltasStatement,
  hasOthersStatement,
  HOURS_STATEMENT,
  MINUTES_STATEMENT,
  othersStatement,
  sealStatement,
} from './sql/statements.js';

/** What the store knows of a minute that was written to or sealed. */
export interface MinuteState {
  readonly startMs: number;
  /** Sum of its touches: acknowledged writes. */
  readonly written: number;
  /** Writes that its seal has seen; 0: no seal. */
  readonly sealed: number;
}

/** What the store knows of an hour with such minutes, or with a seal. */
export interface HourState {
  readonly startMs: number;
  /** Minutes that were written to since their seal and can still be made. */
  readonly open: number;
  /** Writes that the seals of its minutes have seen. */
  readonly attained: number;
  /** Writes that its own seal has seen; 0: no seal. */
  readonly sealed: number;
}

export interface DayState {
  readonly startMs: number;
  readonly sealed: number;
}

/** A bucket as of so many writes. */
export interface Version extends Bucket {
  readonly version: number;
}

/**
 * What the rollup asks of the tables. Each call is one statement or two; any may fail, or be done although it
 * failed: all can be repeated.
 */
export interface RollupStore {
  minutes(range: TimeRange): Promise<MinuteState[]>;
  /** @param openFromMs minutes before it can no longer be made, so they are not open. */
  hours(range: TimeRange, openFromMs: number): Promise<HourState[]>;
  days(range: TimeRange): Promise<DayState[]>;
  /** Makes the rows of buckets of one resolution anew, from what is stored at some moment after the call. */
  recompute(buckets: readonly Version[]): Promise<void>;
  /** Says that the rows of these versions stand. */
  seal(buckets: readonly Version[]): Promise<void>;
}

/** What keeps totals asks of the tables. */
export interface BaselineStore {
  /** Adds the days before `untilMs` to the totals of their series; days before `fromMs` are known to be in all. */
  fold(fromMs: number, untilMs: number): Promise<void>;
}

/** Repeats of an INSERT must not be taken for one; groups that outgrow half a GiB go to the disk. */
const SETTINGS = {
  insert_deduplicate: 0,
  do_not_merge_across_partitions_select_final: 1,
  max_bytes_before_external_group_by: '536870912',
} as const;

const number = z.coerce.number();
const minuteRow = z.object({ start: number, writes: number, seal: number });
const hourRow = z.object({ start: number, open: number, attained: number, seal: number });
const dayRow = z.object({ start: number, seal: number });
const othersRow = z.object({ found: number });

/** The tables in ClickHouse. */
export class ClickHouseRollupStore implements RollupStore, BaselineStore {
  readonly #client: ClickHouseClient;

  constructor(client: ClickHouseClient) {
    this.#client = client;
  }

  async minutes(range: TimeRange): Promise<MinuteState[]> {
    const rows = await this.#ask(MINUTES_STATEMENT, seconds(range), minuteRow);
    return rows.map(({ start, writes, seal }) => ({ startMs: start * 1_000, written: writes, sealed: seal }));
  }

  async hours(range: TimeRange, openFromMs: number): Promise<HourState[]> {
    const parameters = { ...seconds(range), open_from: Math.max(0, Math.ceil(openFromMs / 1_000)) };
    const rows = await this.#ask(HOURS_STATEMENT, parameters, hourRow);
    return rows.map(({ start, seal, ...state }) => ({ startMs: start * 1_000, sealed: seal, ...state }));
  }

  async days(range: TimeRange): Promise<DayState[]> {
    const rows = await this.#ask(DAYS_STATEMENT, seconds(range), dayRow);
    return rows.map(({ start, seal }) => ({ startMs: start * 1_000, sealed: seal }));
  }

  async recompute(buckets: readonly Version[]): Promise<void> {
    const [first] = buckets;
    if (first === undefined) return;
    const { resolution } = first;
    const parameters = parametersOf(buckets);
    await this.#run(deltasStatement(resolution), parameters);
    const [others] = await this.#ask(hasOthersStatement(resolution), parameters, othersRow);
    if (others?.found === 1) await this.#run(othersStatement(resolution), parameters);
  }

  async seal(buckets: readonly Version[]): Promise<void> {
    const [first] = buckets;
    if (first !== undefined) await this.#run(sealStatement(first.resolution), parametersOf(buckets));
  }

  async fold(fromMs: number, untilMs: number): Promise<void> {
    await this.#run(FOLD_STATEMENT, { from: fromMs / 1_000, until: untilMs / 1_000 });
  }

  async #ask<T>(query: string, parameters: Record<string, unknown>, row: z.ZodType<T>): Promise<T[]> {
    const result = await this.#client.query({
      query,
      query_params: parameters,
      format: 'JSONEachRow',
      clickhouse_settings: SETTINGS,
    });
    return z.array(row).parse(await result.json());
  }

  async #run(query: string, parameters: Record<string, unknown>): Promise<void> {
    await this.#client.command({ query, query_params: parameters, clickhouse_settings: SETTINGS });
  }
}

const seconds = ({ fromMs, toMs }: TimeRange) => ({
  from: Math.max(0, Math.floor(fromMs / 1_000)),
  to: Math.floor(toMs / 1_000),
});

function parametersOf(buckets: readonly Version[]) {
  return {
    ...seconds(spanOf(buckets)),
    starts: buckets.map(({ startMs }) => startMs / 1_000),
    versions: buckets.map(({ version }) => version),
  };
}
