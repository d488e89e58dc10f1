/**
 * Names that no statement may hold, whoever sends it. The engine runs in one operating-system process and
 * knows one user, so what reads files, opens connections or runs programs has to be refused here as well.
 * All names are compared without regard to case, quoted or not.
 */

/**
 * Scalar functions that reach outside the database. Refused wherever the name stands, not only in front of a
 * parenthesis: higher-order functions and APPLY take a function by its bare name
 * (`arrayMap(file, …)` and `SELECT * APPLY(file)` both read a file).
 */
const OUTSIDE_FUNCTIONS = [
  'file',
  'catboostEvaluate',
  'hasColumnInTable',
  'addressToLine',
  'addressToLineWithInlines',
  'addressToSymbol',
  'aiClassify',
  'aiEmbed',
  'aiExtract',
  'aiGenerate',
  'aiTranslate',
  'fuzzQuery',
  'chdb',
] as const;

/** Keywords that write files, run other statements, or apply functions by name. */
const FORBIDDEN_KEYWORDS = ['OUTFILE', 'INFILE', 'APPLY'] as const;

/** Table functions that stay inside the database. Every other one of the engine is in the list below. */
export const SAFE_TABLE_FUNCTIONS = [
  'SQLStandardValues',
  'fuzzJSON',
  'generateRandom',
  'generateSeries',
  'generate_series',
  'input',
  'merge',
  'mergeTreeAnalyzeIndexes',
  'mergeTreeAnalyzeIndexesUUID',
  'mergeTreeIndex',
  'mergeTreeProjection',
  'mergeTreeTextIndex',
  'null',
  'numbers',
  'numbers_mt',
  'primes',
  'timeSeriesData',
  'timeSeriesMetrics',
  'timeSeriesSamples',
  'timeSeriesSelector',
  'timeSeriesTags',
  'prometheusQuery',
  'prometheusQueryRange',
  'values',
  'view',
  'viewIfPermitted',
  'zeros',
  'zeros_mt',
] as const;

/** Table functions that read files, open connections, run programs or run SQL held in a string. */
export const FORBIDDEN_TABLE_FUNCTIONS = [
  ...['arrowFlight', 'arrowstream', 'azureBlobStorage', 'azureBlobStorageCluster', 'cluster'],
  ...[
    'clusterAllReplicas',
    'cosn',
    'deltaLake',
    'deltaLakeAzure',
    'deltaLakeAzureCluster',
    'deltaLakeCluster',
  ],
  ...['deltaLakeLocal', 'deltaLakeS3', 'deltaLakeS3Cluster', 'dictionary', 'eval', 'executable', 'file'],
  ...['fileCluster', 'filesystem', 'fuzzQuery', 'gcs', 'hdfs', 'hdfsCluster', 'hudi', 'hudiCluster'],
  ...[
    'iceberg',
    'icebergAzure',
    'icebergAzureCluster',
    'icebergCluster',
    'icebergHDFS',
    'icebergHDFSCluster',
  ],
  ...[
    'icebergLocal',
    'icebergLocalCluster',
    'icebergS3',
    'icebergS3Cluster',
    'jdbc',
    'loop',
    'mongodb',
    'mysql',
  ],
  ...['odbc', 'oss', 'paimon', 'paimonAzure', 'paimonAzureCluster', 'paimonCluster', 'paimonHDFS'],
  ...['paimonHDFSCluster', 'paimonLocal', 'paimonS3', 'paimonS3Cluster', 'postgresql', 'python', 'redis'],
  ...['remote', 'remoteSecure', 's3', 's3Cluster', 'sqlite', 'url', 'urlCluster', 'viewExplain', 'ytsaurus'],
] as const;

/** Table functions that share their name with a harmless scalar function: the gate looks at the arguments. */
export const JUDGED_TABLE_FUNCTIONS = ['format'] as const;

/** A disk made on the spot (`SETTINGS disk = disk(type = local, path = …)`). */
const FORBIDDEN_CALLS_ELSEWHERE = ['disk', 'format_schema'] as const;

/** Settings that hold SQL, a path, an address, another dialect, or would lift a bound. */
const FORBIDDEN_SETTINGS =
  /^(dialect|polyglot_dialect|profile|readonly|log_comment|disk|table_disk|storage_policy|additional_(result_filter|table_filters)|format_schema\w*|format_template\w*|output_format_schema|\w*_path|\w*_url|url_base|allow_experimental_\w*dialect|allow_experimental_eval_table_function|allow_introspection_functions|allow_fuzz_\w+|ast_fuzzer\w*|ai_\w+|s3\w*|hdfs\w*|azure\w*|parallel_replicas_custom_key\w*|implicit_\w+|input_format_values_\w+|custom_\w+)$/i;

/** Functions that hold a thread without working: refused to readers only. */
const READER_FUNCTIONS = ['sleep', 'sleepEachRow'] as const;

const lower = (names: readonly string[]) => new Set(names.map((name) => name.toLowerCase()));

const outside = lower(OUTSIDE_FUNCTIONS);
const calls = lower([...FORBIDDEN_TABLE_FUNCTIONS, ...FORBIDDEN_CALLS_ELSEWHERE]);
const keywords = lower(FORBIDDEN_KEYWORDS);
const readers = lower(READER_FUNCTIONS);

export const forbiddenAnywhere = (name: string): boolean => outside.has(name.toLowerCase());
export const forbiddenCall = (name: string): boolean => calls.has(name.toLowerCase());
export const forbiddenKeyword = (name: string): boolean => keywords.has(name.toLowerCase());
export const forbiddenToReaders = (name: string): boolean => readers.has(name.toLowerCase());
export const forbiddenSetting = (name: string): boolean => FORBIDDEN_SETTINGS.test(name);

/** Table and database engines that keep their data inside the store's directory. */
export const ALLOWED_ENGINES = [
  ...['MergeTree', 'ReplacingMergeTree', 'SummingMergeTree', 'AggregatingMergeTree', 'CollapsingMergeTree'],
  ...['VersionedCollapsingMergeTree', 'CoalescingMergeTree', 'GraphiteMergeTree'],
  ...['Memory', 'Null', 'Log', 'TinyLog', 'StripeLog', 'Set', 'Join', 'Buffer', 'Merge', 'TimeSeries'],
] as const;
const engines = lower([...ALLOWED_ENGINES, 'Atomic']);
export const allowedEngine = (name: string): boolean => engines.has(name.toLowerCase());
