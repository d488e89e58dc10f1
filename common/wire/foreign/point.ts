/** Points of other OpenTelemetry senders, in our own words. */

/** What a row's `kind` says; without `cumulative` a sum or histogram is a delta. */
export const FOREIGN_KINDS = [
  'sum',
  'exponential_histogram',
  'gauge',
  'cumulative_sum',
  'cumulative_exponential_histogram',
  'histogram',
  'cumulative_histogram',
  'up_down_sum',
] as const;
export type ForeignKind = (typeof FOREIGN_KINDS)[number];

/** Key and text, each key once, sorted by code units: the same attributes are the same list. */
export type TextAttributes = readonly (readonly [key: string, text: string])[];

/** Whose points these are and what they have in common: their resource and scope. */
export interface ForeignOrigin {
  /** `bellwether.customer`; '' when nobody's. */
  readonly customer: string;
  /** `service.name`. */
  readonly app: string;
  /** `service.instance.id`. */
  readonly instance: string;
  /** `host.id`, without it `host.name`. */
  readonly host: string;
  /** `cloud.region`. */
  readonly region: string;
  /** The resource's other attributes as `resource.NAME`, and `scope.name`. */
  readonly attributes: TextAttributes;
}

export interface ForeignValues {
  /** Of numbers. */
  readonly value: number;
  /** Of histograms; `bucketIndexes` of scale 3, or `bounds` with one more count than bounds. */
  readonly count: number;
  readonly sum: number;
  readonly zeroCount: number;
  readonly bucketIndexes: readonly number[];
  readonly bucketCounts: readonly number[];
  readonly bounds: readonly number[];
}

export interface ForeignPoint extends ForeignValues {
  readonly kind: ForeignKind;
  readonly metric: string;
  readonly unit: string;
  readonly origin: ForeignOrigin;
  /** The origin's and the point's own. */
  readonly attributes: TextAttributes;
  /** Delta: start of its interval. Else: when it was observed. Unix milliseconds. */
  readonly timeMs: number;
  /** Since when a cumulative point counts, Unix milliseconds; 0: not known. Otherwise `timeMs`. */
  readonly startMs: number;
  /** Length of a delta's interval, milliseconds. */
  readonly windowMs: number;
}

/** Why a point cannot be taken; stable words, in metrics and in the headers of dead letters. */
export const REFUSAL_REASONS = [
  'reserved_name',
  'name_invalid',
  'kind_unsupported',
  'temporality_unspecified',
  'attributes_invalid',
  'time_invalid',
  'value_invalid',
  'buckets_invalid',
  'negative_buckets',
  'too_old',
  'too_new',
] as const;
export type RefusalReason = (typeof REFUSAL_REASONS)[number];

/** Thrown while a metric or point is read; caught where the next one is begun. */
export class PointRefused extends Error {
  readonly reason: RefusalReason;

  constructor(reason: RefusalReason, detail: string) {
    super(detail);
    this.name = 'PointRefused';
    this.reason = reason;
  }
}

export const NO_VALUES: ForeignValues = Object.freeze({
  value: 0,
  count: 0,
  sum: 0,
  zeroCount: 0,
  bucketIndexes: Object.freeze([]),
  bucketCounts: Object.freeze([]),
  bounds: Object.freeze([]),
});
