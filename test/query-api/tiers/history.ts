import { DATABASE, type ClickHouseClient } from '../../../common/clickhouse/connection.js';
import { ClickHouseRollupStore } from '../../../processors/rollup/store.js';
import { engineTime } from '../rows.js';

export type Bucketing = 'minute' | 'hour' | 'day';

export const LENGTH_MS = { minute: 60_000, hour: 3_600_000, day: 86_400_000 } as const;
const TABLE = { minute: 'minutes', hour: 'hours', day: 'days' } as const;

const startOf = (bucketing: Bucketing, timeMs: number) =>
  Math.floor(timeMs / LENGTH_MS[bucketing]) * LENGTH_MS[bucketing];

/**
 * What writer and rollup do to the store, step by step as the test says: the rows of a flush and their
 * touches, recomputes that end before their seal, and ones that wake up late with what they knew.
 */
export class History {
  readonly #admin: ClickHouseClient;
  readonly #rollup: ClickHouseRollupStore;
  /** Acknowledged writes, and those that a seal has seen, by start of the minute. */
  readonly #writes = new Map<number, number>();
  readonly #sealed = new Map<number, number>();
  /** Versions of each minute that a sleeping worker still holds. */
  readonly #asleep = new Map<number, number>();

  constructor(admin: ClickHouseClient) {
    this.#admin = admin;
    this.#rollup = new ClickHouseRollupStore(admin);
  }

  /** Makes the table in which sleeping workers keep their rows. */
  async prepare(): Promise<void> {
    const clone = `CREATE TABLE ${DATABASE}.asleep AS ${DATABASE}.minutes ENGINE = MergeTree ORDER BY time`;
    await this.#admin.command({ query: clone });
  }

  /** After the rows of a flush: counts it in each minute that it touched. */
  async touched(timesMs: readonly number[]): Promise<void> {
    const minutes = [...new Set(timesMs.map((time) => startOf('minute', time)))];
    const values = minutes.map((minute) => ({ minute: minute / 1_000, writes: 1 }));
    await this.#admin.insert({ table: `${DATABASE}.touches`, values, format: 'JSONEachRow' });
    for (const minute of minutes) this.#writes.set(minute, (this.#writes.get(minute) ?? 0) + 1);
  }

  get minutes(): number[] {
    return [...this.#writes.keys()];
  }

  /** Recomputes minutes; `sealing` false: the worker dies before it seals. */
  async makeMinutes(startsMs: readonly number[], sealing = true): Promise<void> {
    const versions = startsMs.map((startMs) => {
      return { resolution: 'minute' as const, startMs, version: this.#writes.get(startMs) ?? 0 };
    });
    await this.#rollup.recompute(versions);
    if (!sealing) return;
    await this.#rollup.seal(versions);
    for (const { startMs, version } of versions) this.#sealed.set(startMs, version);
  }

  /** A worker reads a minute and falls asleep before it writes. */
  async fallAsleep(startMs: number): Promise<void> {
    await this.makeMinutes([startMs]);
    const seconds = startMs / 1_000;
    await this.#admin.command({
      query: `INSERT INTO ${DATABASE}.asleep SELECT * FROM ${DATABASE}.minutes FINAL WHERE time = toDateTime(${seconds}, 'UTC')`,
    });
    this.#asleep.set(startMs, this.#writes.get(startMs) ?? 0);
  }

  /** All sleeping workers write and seal what they knew. */
  async wakeUp(): Promise<void> {
    if (this.#asleep.size === 0) return;
    await this.#admin.command({
      query: `INSERT INTO ${DATABASE}.minutes SELECT * FROM ${DATABASE}.asleep SETTINGS insert_deduplicate = 0`,
    });
    const values = [...this.#asleep].map(([minute, writes]) => ({
      resolution: 'minute',
      bucket: minute / 1_000,
      writes,
      rows: 1,
      sealed_at: engineTime(minute),
    }));
    await this.#admin.insert({ table: `${DATABASE}.seals`, values, format: 'JSONEachRow' });
    await this.#admin.command({ query: `TRUNCATE TABLE ${DATABASE}.asleep` });
    this.#asleep.clear();
  }

  /** Recomputes hours or days from what their minutes' seals have seen, whether all of them are clean or not. */
  async makeCoarse(resolution: 'hour' | 'day', startsMs: Iterable<number>): Promise<void> {
    const versions = [...startsMs].map((startMs) => {
      const within = [...this.#sealed].filter(([minute]) => startOf(resolution, minute) === startMs);
      return { resolution, startMs, version: within.reduce((sum, [, writes]) => sum + writes, 0) };
    });
    await this.#rollup.recompute(versions);
    await this.#rollup.seal(versions);
  }

  /** Brings every minute, hour and day up to date. */
  async makeAll(): Promise<void> {
    await this.makeMinutes(
      this.minutes.filter((minute) => this.#sealed.get(minute) !== this.#writes.get(minute)),
    );
    for (const resolution of ['hour', 'day'] as const) {
      await this.makeCoarse(resolution, new Set(this.minutes.map((minute) => startOf(resolution, minute))));
    }
  }

  /** Merges all parts, as the engine does some time. */
  async merge(): Promise<void> {
    for (const table of [...Object.values(TABLE), 'touches', 'seals', 'samples']) {
      await this.#admin.command({ query: `OPTIMIZE TABLE ${DATABASE}.${table} FINAL` });
    }
  }
}
