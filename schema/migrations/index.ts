import { line } from './0001-line.js';
import type { Migration } from './migration.js';

/** All migrations in their order. An applied one never changes. */
export const MIGRATIONS: readonly Migration[] = Object.freeze([line]);
