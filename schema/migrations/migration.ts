/** One numbered step of the schema. Each statement can be run again without harm. */
export interface Migration {
  readonly version: number;
  readonly name: string;
  readonly statements: (settings: SchemaSettings) => readonly string[];
}

export interface SchemaSettings {
  readonly database: string;
  readonly rawRetentionHours: number;
  readonly eventRetentionDays: number;
  readonly minuteRetentionDays: number;
  /** Of hours, days and what says that they are complete. */
  readonly rollupRetentionMonths: number;
  /** Name of the ClickHouse cluster that the tables are on; empty or absent: a single server. */
  readonly cluster?: string;
}

/** How long each tier is kept unless the operator says otherwise. */
export const DEFAULT_RETENTION = Object.freeze({
  rawRetentionHours: 48,
  eventRetentionDays: 7,
  minuteRetentionDays: 30,
  rollupRetentionMonths: 13,
});
