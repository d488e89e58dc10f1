import { mkdirSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import type { StoreConfig } from '../config.js';
import { ALLOWED_ENGINES } from '../sql/forbidden.js';

export interface EngineFiles {
  /** The engine's data directory. */
  readonly data: string;
  /** An empty directory to stand in, so that no relative name leads to a file. */
  readonly empty: string;
  readonly arguments: readonly string[];
}

/** Rights of the engine's one user: no source (FILE, URL, REMOTE, …), so table functions of that kind fail. */
const GRANTS = [
  `GRANT SHOW, SELECT, INSERT, ALTER, CREATE DATABASE, CREATE TABLE, CREATE VIEW, DROP DATABASE, DROP TABLE,
   DROP VIEW, TRUNCATE, OPTIMIZE, CHECK, KILL QUERY, SYSTEM FLUSH LOGS, SYSTEM MERGES, SYSTEM TTL MERGES,
   SYSTEM VIEWS, SYSTEM DROP CACHE ON *.*`,
  ...[...ALLOWED_ENGINES, 'View', 'MaterializedView'].map((engine) => `GRANT TABLE ENGINE ON ${engine}`),
];

/** Writes the engine's configuration into the store's directory and says how to start it. */
export function prepareEngineFiles(config: StoreConfig): EngineFiles {
  const base = resolve(config.BELLWETHER_STORE_DIR);
  const at = (name: string) => join(base, name);
  for (const name of ['data', 'tmp', 'empty', 'config'])
    mkdirSync(at(name), { recursive: true, mode: 0o700 });
  const configFile = join(at('config'), 'engine.xml');
  const usersFile = join(at('config'), 'users.xml');
  writeFileSync(configFile, engineXml(config, at('tmp'), at('empty')), { mode: 0o600 });
  writeFileSync(usersFile, usersXml(), { mode: 0o600 });
  return {
    data: at('data'),
    empty: at('empty'),
    arguments: [`--config-file=${configFile}`, `--users_config=${usersFile}`],
  };
}

/** A thread takes turns among so many, so that a large merge does not keep the small ones waiting. */
const MERGES_PER_THREAD = 4;

/** Small pools and caches: the store shares a machine with all the rest. */
function engineXml(config: StoreConfig, temporary: string, empty: string): string {
  const fsync = config.BELLWETHER_STORE_FSYNC ? 1 : 0;
  return `<clickhouse>
  <max_server_memory_usage>${config.BELLWETHER_STORE_MEMORY}</max_server_memory_usage>
  <mark_cache_size>${config.BELLWETHER_STORE_MARK_CACHE}</mark_cache_size>
  <uncompressed_cache_size>0</uncompressed_cache_size>
  <background_pool_size>${config.BELLWETHER_STORE_MERGE_THREADS}</background_pool_size>
  <background_merges_mutations_concurrency_ratio>${MERGES_PER_THREAD}</background_merges_mutations_concurrency_ratio>
  <background_move_pool_size>1</background_move_pool_size>
  <background_fetches_pool_size>1</background_fetches_pool_size>
  <background_common_pool_size>2</background_common_pool_size>
  <background_buffer_flush_schedule_pool_size>1</background_buffer_flush_schedule_pool_size>
  <background_schedule_pool_size>8</background_schedule_pool_size>
  <tmp_path>${escapeXml(temporary)}/</tmp_path>
  <user_files_path>${escapeXml(empty)}/</user_files_path>
  <merge_tree>
    <fsync_after_insert>${fsync}</fsync_after_insert>
    <fsync_part_directory>${fsync}</fsync_part_directory>
    <number_of_free_entries_in_pool_to_execute_mutation>1</number_of_free_entries_in_pool_to_execute_mutation>
    <number_of_free_entries_in_pool_to_execute_optimize_entire_partition>1</number_of_free_entries_in_pool_to_execute_optimize_entire_partition>
    <number_of_free_entries_in_pool_to_lower_max_size_of_merge>1</number_of_free_entries_in_pool_to_lower_max_size_of_merge>
  </merge_tree>
</clickhouse>
`;
}

function usersXml(): string {
  const grants = GRANTS.map((grant) => `<query>${grant}</query>`).join('\n        ');
  return `<clickhouse>
  <profiles><default/></profiles>
  <quotas><default/></quotas>
  <users>
    <default>
      <password></password>
      <networks><ip>127.0.0.1</ip><ip>::1</ip></networks>
      <profile>default</profile>
      <quota>default</quota>
      <grants>
        ${grants}
      </grants>
    </default>
  </users>
</clickhouse>
`;
}

const escapeXml = (text: string) => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;');
