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
}
