/**
 * ClickHouse's own way from the topic to the table: its Kafka table engine with a protobuf schema, and a
 * materialized view that makes the rows. It is spared what our writer does besides: nothing is checked, `series` is
 * a cheap hash, the ledger's rows are not written, and points of one series in a message are not added up.
 */
export interface PeerOptions {
  readonly brokers: readonly string[];
  readonly topic: string;
  readonly group: string;
  /** At most the topic's partitions. */
  readonly consumers: number;
  /** Messages of a block. */
  readonly blockMessages: number;
  readonly flushMs: number;
  /** A DEFINITION of `peer.samples`: the one of our table. */
  readonly createSamples: string;
}

/** What of OTLP the view needs, with OTLP's numbers; what is not here is skipped. */
const OTLP = `syntax = "proto3";
message AnyValue { oneof value { string string_value = 1; int64 int_value = 3; } }
message KeyValue { string key = 1; AnyValue value = 2; }
message Resource { repeated KeyValue attributes = 1; }
message Buckets { sint32 offset = 1; repeated uint64 bucket_counts = 2; }
message NumberDataPoint {
  fixed64 start_time_unix_nano = 2;
  fixed64 time_unix_nano = 3;
  oneof value { double as_double = 4; sfixed64 as_int = 6; }
  repeated KeyValue attributes = 7;
}
message HistogramDataPoint {
  repeated KeyValue attributes = 1;
  fixed64 start_time_unix_nano = 2;
  fixed64 time_unix_nano = 3;
  fixed64 count = 4;
  optional double sum = 5;
  fixed64 zero_count = 7;
  Buckets positive = 8;
}
message Sum { repeated NumberDataPoint data_points = 1; }
message ExponentialHistogram { repeated HistogramDataPoint data_points = 1; }
message Metric { string name = 1; Sum sum = 7; ExponentialHistogram exponential_histogram = 10; }
message ScopeMetrics { repeated Metric metrics = 2; }
message ResourceMetrics { Resource resource = 1; repeated ScopeMetrics scope_metrics = 2; }
message Request { repeated ResourceMetrics resource_metrics = 1; }`;

const KEY_VALUES = 'Array(Tuple(key String, value Tuple(string_value String, int_value Int64)))';
const TIMES = 'start_time_unix_nano UInt64, time_unix_nano UInt64';
const NUMBER_POINTS = `Array(Tuple(${TIMES}, as_double Float64, as_int Int64, attributes ${KEY_VALUES}))`;
const HISTOGRAM_POINTS = `Array(Tuple(attributes ${KEY_VALUES}, ${TIMES}, count UInt64, sum Float64,
  zero_count UInt64, positive Tuple(offset Int32, bucket_counts Array(UInt64))))`;
const METRICS = `Array(Tuple(name String, sum Tuple(data_points ${NUMBER_POINTS}),
  exponential_histogram Tuple(data_points ${HISTOGRAM_POINTS})))`;
const RESOURCE_METRICS = `Array(Tuple(resource Tuple(attributes ${KEY_VALUES}),
  scope_metrics Array(Tuple(metrics ${METRICS}))))`;

/** Of a list of key-values the text of one. */
const text = (list: string, key: string) => `arrayFirst(kv -> kv.key = '${key}', ${list}).value.string_value`;
const integer = (list: string, key: string) => `arrayFirst(kv -> kv.key = '${key}', ${list}).value.int_value`;

/** Step by step, so that what is no longer needed is not copied for each point. */
const ROWS = `
WITH
  messages AS (
    SELECT resource_metrics[1].resource.attributes AS head, arraySlice(resource_metrics, 2) AS owners
    FROM peer.queue
  ),
  owned AS (
    SELECT
      ${text('head', 'host.id')} AS host,
      ${text('head', 'cloud.region')} AS region,
      cityHash64(host, ${text('head', 'bellwether.run')}, ${integer('head', 'bellwether.seq')}) AS source,
      arrayJoin(owners) AS owner
    FROM messages
  ),
  measured AS (
    SELECT host, region, source,
      ${text('owner.resource.attributes', 'bellwether.customer')} AS customer,
      ${text('owner.resource.attributes', 'service.name')} AS app,
      ${text('owner.resource.attributes', 'service.instance.id')} AS instance,
      arrayJoin(owner.scope_metrics[1].metrics) AS metric
    FROM owned
  ),
  pointed AS (
    SELECT host, region, source, customer, app, instance, metric.name AS name,
      arrayJoin(arrayConcat(
        arrayMap(p -> (1, p.start_time_unix_nano, p.time_unix_nano, p.as_double + p.as_int, 0::UInt64, 0.,
          0::UInt64, 0::Int32, []::Array(UInt64), p.attributes), metric.sum.data_points),
        arrayMap(p -> (2, p.start_time_unix_nano, p.time_unix_nano, 0., p.count, p.sum,
          p.zero_count, p.positive.offset, p.positive.bucket_counts, p.attributes),
          metric.exponential_histogram.data_points)
      )) AS point
    FROM measured
  )
SELECT
  customer,
  name AS metric,
  cityHash64(name, customer, app, instance, host, point.10) AS series,
  fromUnixTimestamp64Nano(point.2::Int64, 'UTC') AS time,
  source,
  intDiv(point.3 - point.2, 1000000) AS window_ms,
  point.1::Int8 AS kind,
  point.4 AS value,
  point.5 AS count,
  point.6 AS sum,
  point.7 AS zero_count,
  arrayMap(i -> (i + point.8 - 1)::Int16, arrayFilter((i, n) -> n > 0, arrayEnumerate(point.9), point.9))
    AS bucket_indexes,
  arrayFilter(n -> n > 0, point.9) AS bucket_counts,
  region, host, app, instance,
  mapFromArrays(point.10.key, point.10.value.string_value) AS attributes
FROM pointed`;

/** The statements that make the tables; reading begins with the last. */
export function peerStatements(options: PeerOptions): string[] {
  const { brokers, topic, group, consumers, blockMessages, flushMs } = options;
  return [
    'CREATE DATABASE IF NOT EXISTS peer',
    options.createSamples,
    `CREATE TABLE peer.queue (resource_metrics ${RESOURCE_METRICS}) ENGINE = Kafka SETTINGS
      kafka_broker_list = '${brokers.join(',')}', kafka_topic_list = '${topic}', kafka_group_name = '${group}',
      kafka_format = 'ProtobufSingle', kafka_num_consumers = ${consumers},
      kafka_thread_per_consumer = ${consumers > 1 ? 1 : 0}, kafka_max_block_size = ${blockMessages},
      kafka_poll_max_batch_size = ${blockMessages}, kafka_flush_interval_ms = ${flushMs},
      format_schema_source = 'string', format_schema = '${OTLP}', format_schema_message_name = 'Request'`,
    `CREATE MATERIALIZED VIEW peer.reading TO peer.samples AS ${ROWS}`,
  ];
}
