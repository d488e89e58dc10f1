import { BUCKET_COUNT, MAX_INDEX, MIN_INDEX, SCALE } from '../../histogram/bounds.js';
import type { BatchHead } from '../batch.js';
import { nanoseconds, readOwner } from '../otlp-attributes.js';
import { AGENT_SCOPE, kindOf, readAttributes } from '../otlp-metrics.js';
import {
  DELTA,
  exponentialHistogramDataPoint,
  metric,
  numberDataPoint,
  resource,
  scope,
} from '../otlp-schema.js';
import { decode, encode } from '../protobuf.js';
import { IRREGULAR, type ByteReader } from './byte-reader.js';
import type { HostLabels, LabelCache, MetricLabels, OwnerLabels } from './label-cache.js';
import type { PointSink, WalkedHistogram } from './point-sink.js';
import * as tags from './tags.js';

export function newHistogram(): WalkedHistogram {
  return {
    count: 0,
    zeroCount: 0,
    sum: 0,
    buckets: 0,
    bucketIndexes: new Int16Array(BUCKET_COUNT),
    bucketCounts: new Float64Array(BUCKET_COUNT),
  };
}

/** What walks share. */
export interface WalkParts<L> {
  readonly cache: LabelCache<L>;
  readonly sink: PointSink<L>;
  readonly histogram: WalkedHistogram;
}

/** How deep owners, metrics and data points stand in a message: its own depth limit counts from the top. */
const RESOURCE_DEPTH = 2;
const METRIC_DEPTH = 3;
const POINT_DEPTH = 5;

const AGENT_SCOPE_BYTES = encode(scope, { name: AGENT_SCOPE, version: '' });

/** One message on its way through the walker. Each method steps over what it reads. */
export class Walk<L> {
  points = 0;
  readonly #reader: ByteReader;
  readonly #head: BatchHead;
  readonly #cache: LabelCache<L>;
  readonly #host: HostLabels<L>;
  readonly #sink: PointSink<L>;
  readonly #start: Words;
  readonly #end: Words;
  readonly #histogram: WalkedHistogram;

  constructor(reader: ByteReader, head: BatchHead, { cache, sink, histogram }: WalkParts<L>) {
    this.#reader = reader;
    this.#head = head;
    this.#cache = cache;
    this.#host = cache.of(head.host);
    this.#sink = sink;
    this.#histogram = histogram;
    this.#start = wordsOf(nanoseconds(head.windowStartMs));
    this.#end = wordsOf(nanoseconds(head.windowEndMs));
  }

  /** ResourceMetrics of one owner. */
  owner(end: number): void {
    const reader = this.#reader;
    reader.expect(tags.RESOURCE, end);
    const resourceEnd = reader.endWithin(end);
    const labels = this.#ownerLabels(reader.at, resourceEnd);
    reader.at = resourceEnd;
    while (reader.has(tags.SCOPE_METRICS, end)) this.#scopeMetrics(labels, reader.endWithin(end));
    reader.mustBeAt(end);
  }

  #scopeMetrics(owner: OwnerLabels<L>, end: number): void {
    const reader = this.#reader;
    reader.expect(tags.SCOPE, end);
    reader.expectBytes(AGENT_SCOPE_BYTES, reader.endWithin(end));
    while (reader.has(tags.METRIC, end)) this.#metric(owner, reader.endWithin(end));
    reader.mustBeAt(end);
  }

  #metric(owner: OwnerLabels<L>, end: number): void {
    const reader = this.#reader;
    const from = reader.at;
    reader.expect(tags.NAME, end);
    reader.at = reader.endWithin(end);
    if (reader.has(tags.UNIT, end)) reader.at = reader.endWithin(end);
    const to = reader.at;
    const isSum = reader.has(tags.SUM, end);
    if (!isSum) reader.expect(tags.EXPONENTIAL_HISTOGRAM, end);
    const labels = this.#metricLabels(owner, from, to, isSum);
    // What holds the points is the last field of the metric.
    if (reader.endWithin(end) !== end) throw IRREGULAR;
    while (reader.has(tags.DATA_POINT, end)) {
      this.points += 1;
      const pointEnd = reader.endWithin(end);
      if (isSum) this.#sumPoint(owner, labels, pointEnd);
      else this.#histogramPoint(owner, labels, pointEnd);
      reader.mustBeAt(pointEnd);
    }
    reader.expect(tags.TEMPORALITY, end);
    if (reader.varint() !== DELTA) throw IRREGULAR;
    if (isSum) {
      reader.expect(tags.IS_MONOTONIC, end);
      if (reader.varint() !== 1) throw IRREGULAR;
    }
    reader.mustBeAt(end);
  }

  #sumPoint(owner: OwnerLabels<L>, metricLabels: MetricLabels<L>, end: number): void {
    const reader = this.#reader;
    this.#times(end);
    let value: number;
    if (reader.has(tags.AS_INT, end)) {
      value = reader.fixed64();
    } else {
      reader.expect(tags.AS_DOUBLE, end);
      value = reader.double();
      if (!isMeasure(value)) throw IRREGULAR;
    }
    // All that follows are attributes: looked at when these bytes are met for the first time.
    const label = this.#label(owner, metricLabels, reader.at, end);
    reader.at = end;
    this.#sink.sum(label, value);
  }

  #histogramPoint(owner: OwnerLabels<L>, metricLabels: MetricLabels<L>, end: number): void {
    const reader = this.#reader;
    const from = reader.at;
    while (reader.has(tags.HISTOGRAM_ATTRIBUTE, end)) reader.at = reader.endWithin(end);
    const label = this.#label(owner, metricLabels, from, reader.at);
    this.#times(end);
    const histogram = this.#histogram;
    histogram.count = reader.has(tags.COUNT, end) ? reader.fixed64() : 0;
    reader.expect(tags.SUM_OF_VALUES, end);
    histogram.sum = reader.double();
    if (!isMeasure(histogram.sum)) throw IRREGULAR;
    reader.expect(tags.SCALE_OF_BUCKETS, end);
    if (reader.signed() !== SCALE) throw IRREGULAR;
    histogram.zeroCount = reader.has(tags.ZERO_COUNT, end) ? reader.fixed64() : 0;
    histogram.buckets = 0;
    let total = histogram.zeroCount;
    if (reader.has(tags.POSITIVE, end)) total = this.#buckets(reader.endWithin(end), total);
    if (total !== histogram.count) throw IRREGULAR;
    this.#sink.histogram(label, histogram);
  }

  /** Dense buckets to sparse ones, which must be in range. @returns the values in them added to `before`. */
  #buckets(end: number, before: number): number {
    const reader = this.#reader;
    const { bucketIndexes, bucketCounts } = this.#histogram;
    let index = reader.has(tags.OFFSET, end) ? reader.signed() : 0;
    if (reader.has(tags.BUCKET_COUNTS, end) && reader.endWithin(end) !== end) throw IRREGULAR;
    let buckets = 0;
    let total = before;
    for (; reader.at < end; index += 1) {
      const count = reader.varint();
      if (count === 0) continue;
      if (index < MIN_INDEX || index > MAX_INDEX) throw IRREGULAR;
      bucketIndexes[buckets] = index;
      bucketCounts[buckets] = count;
      buckets += 1;
      total += count;
    }
    reader.mustBeAt(end);
    this.#histogram.buckets = buckets;
    return total;
  }

  #times(end: number): void {
    const reader = this.#reader;
    reader.expect(tags.START_TIME, end);
    reader.expectFixed64(this.#start.low, this.#start.high);
    reader.expect(tags.TIME, end);
    reader.expectFixed64(this.#end.low, this.#end.high);
  }

  #ownerLabels(from: number, to: number): OwnerLabels<L> {
    const key = this.#reader.key(from, to);
    const known = this.#host.owners.get(key);
    if (known !== undefined) return known;
    const read = decode(resource, this.#reader.bytes.subarray(from, to), RESOURCE_DEPTH);
    const labels = { owner: readOwner('', this.#head.host, read), metrics: new Map() };
    this.#host.owners.set(key, labels);
    this.#cache.grew(this.#host, key);
    return labels;
  }

  #metricLabels(owner: OwnerLabels<L>, from: number, to: number, isSum: boolean): MetricLabels<L> {
    // The tag behind name and unit says the kind, so it is part of the key.
    const key = this.#reader.key(from, to + 1);
    const known = owner.metrics.get(key);
    if (known !== undefined) return known;
    const { name } = decode(metric, this.#reader.bytes.subarray(from, to), METRIC_DEPTH);
    const labels = { signal: name, kind: kindOf('', name, isSum, !isSum), series: new Map<string, L>() };
    owner.metrics.set(key, labels);
    this.#cache.grew(this.#host, key);
    return labels;
  }

  #label(owner: OwnerLabels<L>, { signal, kind, series }: MetricLabels<L>, from: number, to: number): L {
    const key = from === to ? '' : this.#reader.key(from, to);
    const known = series.get(key);
    if (known !== undefined) return known;
    const attributes = this.#attributes(kind === 'sum', from, to);
    const label = this.#sink.label({
      host: this.#head.host,
      owner: owner.owner,
      signal,
      kind,
      attributes,
    });
    series.set(key, label);
    this.#cache.grew(this.#host, key);
    return label;
  }

  #attributes(isSum: boolean, from: number, to: number): Record<string, string> {
    const reader = this.#reader;
    const back = reader.at;
    const tag = isSum ? tags.SUM_ATTRIBUTE : tags.HISTOGRAM_ATTRIBUTE;
    reader.at = from;
    while (reader.has(tag, to)) reader.at = reader.endWithin(to);
    reader.mustBeAt(to);
    reader.at = back;
    const bytes = reader.bytes.subarray(from, to);
    const point = isSum
      ? decode(numberDataPoint, bytes, POINT_DEPTH)
      : decode(exponentialHistogramDataPoint, bytes, POINT_DEPTH);
    return readAttributes('', point.attributes);
  }
}

interface Words {
  readonly low: number;
  readonly high: number;
}

function wordsOf(value: bigint): Words {
  return { low: Number(value & 0xffff_ffffn), high: Number(value >> 32n) };
}

function isMeasure(value: number): boolean {
  return value >= 0 && value < Infinity;
}
