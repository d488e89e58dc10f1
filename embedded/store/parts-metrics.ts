import { Gauge, type Registry } from 'prom-client';

/** Active parts of one table, and of its partition that has the most. */
export interface TableParts {
  /** `database.table`. */
  readonly table: string;
  readonly parts: number;
  readonly fullest: number;
  readonly partition_id: string;
  readonly rows: number;
  readonly bytes: number;
  /** Parts in one partition from which on inserts are slowed down, and refused; 0: never. */
  readonly slows_at: number;
  readonly refuses_at: number;
}

/** What `/metrics` shows of the tables' parts: as of the last look, and nothing of tables that are gone. */
export interface PartsMetrics {
  show(found: readonly TableParts[], isAlarmed: (table: string) => boolean): void;
}

export function createPartsMetrics(registry: Registry): PartsMetrics {
  const gauge = (name: string, help: string) =>
    new Gauge({ name: `bellwether_store_${name}`, help, labelNames: ['table'], registers: [registry] });
  const parts = gauge('table_parts', 'Active parts, by table.');
  const fullest = gauge('table_partition_parts_max', 'Active parts of the fullest partition, by table.');
  const limit = gauge(
    'table_parts_limit',
    'Parts in one partition from which on inserts are refused (parts_to_throw_insert), by table.',
  );
  const alarm = gauge(
    'parts_alarm',
    '1: a partition has half of the parts with which inserts are slowed down, by table.',
  );
  const rows = gauge('table_rows', 'Rows in active parts, before equal keys are merged, by table.');
  const bytes = gauge('table_bytes', 'Bytes of active parts on the disk, by table.');
  return {
    show(found, isAlarmed) {
      for (const each of [parts, fullest, limit, alarm, rows, bytes]) each.reset();
      for (const one of found) {
        const { table } = one;
        parts.set({ table }, one.parts);
        fullest.set({ table }, one.fullest);
        limit.set({ table }, one.refuses_at);
        alarm.set({ table }, isAlarmed(table) ? 1 : 0);
        rows.set({ table }, one.rows);
        bytes.set({ table }, one.bytes);
      }
    },
  };
}
