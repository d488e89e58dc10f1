import { line } from './0001-line.js';
import { rollups } from './0002-rollups.js';
import type { Migration } from './migration.js';

/** All migrations in their order. An applied one never changes. */
export const MIGRATIONS: readonly Migration[] = Object.freeze([line, rollups]);
