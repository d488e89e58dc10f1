import type { Access } from '../users.js';
import { refusal } from '../errors.js';
import { forbiddenSetting } from './forbidden.js';

/** URL parameters of the HTTP protocol that are no settings of a query. */
export const PROTOCOL_PARAMETERS = new Set([
  ...['query', 'database', 'user', 'password', 'default_format', 'query_id', 'session_id', 'session_check'],
  ...['session_timeout', 'session_timezone_override', 'quota_key', 'role', 'stacktrace', 'compress'],
  ...['decompress', 'wait_end_of_query', 'http_wait_end_of_query', 'buffer_size', 'client_protocol_version'],
  ...['enable_http_compression', 'http_zlib_compression_level', 'send_progress_in_http_headers'],
  ...['http_headers_progress_interval_ms', 'cancel_http_readonly_queries_on_client_close', 'log_comment'],
  ...['http_response_buffer_size', 'http_write_exception_in_output_format', 'close_session', 'readonly'],
]);

/** What anyone may set: how results look and how a query is planned; bounds are clamped elsewhere. */
const READER =
  /^(output_format_\w+|date_time_output_format|format_csv_(delimiter|null_representation)|format_tsv_null_representation|format_binary_max_string_size|session_timezone|final|limit|offset|extremes|max_threads|max_block_size|max_(execution_time|memory_usage|result_rows|result_bytes|rows_to_read|bytes_to_read)|(result|timeout|read|sort|group_by|distinct|join|set|transfer)_overflow_mode|max_rows_to_group_by|max_bytes_before_external_(group_by|sort)|max_(rows|bytes)_in_(set|join|distinct)|join_\w+|any_join_distinct_right_table_keys|transform_null_in|group_by_use_nulls|union_default_mode|except_default_mode|intersect_default_mode|aggregate_functions_null_for_empty|count_distinct_implementation|cast_keep_nullable|enable_analyzer|allow_experimental_analyzer|allow_experimental_time_series_\w+|optimize_\w+|query_plan_\w+|enable_optimize_\w+|use_(skip_indexes\w*|uncompressed_cache|query_condition_cache|index_for_\w+|concurrency_control)|force_(primary_key|index_by_date|optimize_projection)|prefer_column_name_to_alias|compile_\w+|min_count_to_compile_\w+|do_not_merge_across_partitions_select_final|log_queries|priority|short_circuit_function_evaluation|decimal_check_overflow|function_\w+|splitby_max_substrings_includes_remaining_string|regexp_\w+|partial_merge_join_\w+|grace_hash_join_\w+|read_in_order_\w+|rewrite_\w+|describe_\w+|show_\w+|explain_\w+|allow_suspicious_types_in_\w+)$/;

/** What a writer may set as well: how rows are read, checked and laid down. */
const WRITER =
  /^(input_format_\w+|date_time_input_format|format_(csv|tsv|json|binary|parquet|custom)_\w+|(max|min)_insert_\w+|insert_\w+|async_insert\w*|wait_for_async_insert\w*|deduplicate_\w+|parallel_distributed_insert_select|parallel_view_processing|materialized_views_\w+|max_partitions_per_insert_block|throw_on_max_partitions_per_insert_block|optimize_on_insert|update_insert_deduplication_token_in_dependent_materialized_views|max_query_size|max_ast_\w+|max_parser_depth|apply_mutations_on_fly|type_json_\w+|allow_experimental_(json|variant|dynamic|object)_type)$/;

/** What an administrator may set as well: how definitions change. */
const ADMIN =
  /^(mutations_sync|alter_sync|replication_alter_partitions_sync|lightweight_\w+|database_atomic_wait_for_drop_and_detach_synchronously|(max_table|max_partition)_size_to_drop|data_type_default_nullable|flatten_nested|compatibility|allow_\w+|enable_\w+|refresh_\w+|default_(table_engine|materialized_view_sql_security|view_definer)|distributed_ddl_\w+|lock_acquire_timeout|validate_\w+|update_\w+|send_logs_level)$/;

export function settingAllowed(name: string, access: Access): boolean {
  if (!/^[A-Za-z_][A-Za-z0-9_]*$/.test(name) || forbiddenSetting(name)) return false;
  if (READER.test(name)) return true;
  if (access === 'read') return false;
  return WRITER.test(name) || (access === 'admin' && ADMIN.test(name));
}

/** @throws StoreError that names the setting. */
export function demandSetting(name: string, access: Access): void {
  if (settingAllowed(name, access)) return;
  const type = access === 'read' ? 'READONLY' : 'SETTING_CONSTRAINT_VIOLATION';
  throw refusal(type, `Setting '${name.slice(0, 80)}' is not open to users with ${access} access`);
}

/** A SQL string literal; the engine takes one for a setting of any type. */
export function literal(value: string): string {
  return `'${value.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`;
}
