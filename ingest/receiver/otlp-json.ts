import { z } from 'zod';
import { BellwetherError, messageOf } from '../../common/runtime/errors.js';
import { encodeForeign, type ForeignRequest } from '../../common/wire/foreign/index.js';

/**
 * OTLP's JSON (protobuf's JSON mapping, in lowerCamelCase) as protobuf bytes, so that both encodings go one way
 * from here. Integers of 64 bits are strings or numbers, enumerations numbers or names, a null is as if it
 * were not there, and fields that are not known are skipped, as the specification asks.
 */

/** An object takes two bytes of JSON and a hundred in memory, so the size alone is no bound. */
const MAX_OBJECTS = 500_000;
const OPENING_BRACE = 0x7b;

const UINT64 = 2n ** 64n;
const INT64 = 2n ** 63n;
const UINT32 = 2 ** 32;
const INT32 = 2 ** 31;

// Aborting: else the next step would be made with it all the same.
const wholeNumber = z.number().refine(Number.isInteger, { error: 'must be a whole number', abort: true });
const integer = (low: bigint, high: bigint) =>
  z
    // Above 2^53 a number is not what was meant, but near it: nanoseconds written so are off by a few hundred.
    .union([z.string().regex(/^-?\d{1,20}$/), wholeNumber])
    .transform((value) => BigInt(value))
    .refine((value) => value >= low && value < high, `must be from ${low} to ${high - 1n}`);
const count = integer(0n, UINT64).transform(Number);
/** Protobuf writes three doubles in words. */
const double = z
  .union([
    z.number(),
    z.enum(['NaN', 'Infinity', '-Infinity']),
    z.string().regex(/^-?\d+(\.\d+)?([eE][-+]?\d+)?$/),
  ])
  .transform(Number);
const int32 = z.int().min(-INT32).lt(INT32);
const uint32 = z.int().min(0).lt(UINT32);
const temporality = z.union([
  uint32,
  z.literal('AGGREGATION_TEMPORALITY_UNSPECIFIED').transform(() => 0),
  z.literal('AGGREGATION_TEMPORALITY_DELTA').transform(() => 1),
  z.literal('AGGREGATION_TEMPORALITY_CUMULATIVE').transform(() => 2),
]);

const maybe = <T>(type: z.ZodType<T>) => type.nullish().transform((value) => value ?? undefined);
const or = <T>(type: z.ZodType<T>, absent: T) => type.nullish().transform((value) => value ?? absent);
const list = <T>(type: z.ZodType<T>) => or(z.array(type), []);
const nanoseconds = or(integer(0n, UINT64), 0n);

interface AnyValue {
  stringValue?: string | undefined;
  boolValue?: boolean | undefined;
  intValue?: bigint | undefined;
  doubleValue?: number | undefined;
  arrayValue?: { values: AnyValue[] } | undefined;
  kvlistValue?: { values: KeyValue[] } | undefined;
  bytesValue?: Uint8Array | undefined;
}
interface KeyValue {
  key: string;
  value?: AnyValue | undefined;
}

const anyValue: z.ZodType<AnyValue> = z.object({
  stringValue: maybe(z.string()),
  boolValue: maybe(z.boolean()),
  intValue: maybe(integer(-INT64, INT64)),
  doubleValue: maybe(double),
  get arrayValue() {
    return maybe(z.object({ values: list(anyValue) }));
  },
  get kvlistValue() {
    return maybe(z.object({ values: list(keyValue) }));
  },
  bytesValue: maybe(z.base64().transform((text) => Buffer.from(text, 'base64'))),
});
const keyValue: z.ZodType<KeyValue> = z.object({ key: or(z.string(), ''), value: maybe(anyValue) });

const point = {
  attributes: list(keyValue),
  startTimeUnixNano: nanoseconds,
  timeUnixNano: nanoseconds,
  flags: or(uint32, 0),
};
const number = z.object({
  ...point,
  asDouble: maybe(double),
  asInt: maybe(integer(-INT64, INT64)),
});
const histogram = z.object({
  ...point,
  count: or(count, 0),
  sum: maybe(double),
  bucketCounts: list(count),
  explicitBounds: list(double),
});
const buckets = z.object({ offset: or(int32, 0), bucketCounts: list(count) });
const exponential = z.object({
  ...point,
  count: or(count, 0),
  sum: maybe(double),
  scale: or(int32, 0),
  zeroCount: or(count, 0),
  positive: maybe(buckets),
  negative: maybe(buckets),
});
const withTemporality = { aggregationTemporality: or(temporality, 0) };
const metric = z.object({
  name: or(z.string(), ''),
  unit: or(z.string(), ''),
  gauge: maybe(z.object({ dataPoints: list(number) })),
  sum: maybe(z.object({ dataPoints: list(number), ...withTemporality, isMonotonic: or(z.boolean(), false) })),
  histogram: maybe(z.object({ dataPoints: list(histogram), ...withTemporality })),
  exponentialHistogram: maybe(z.object({ dataPoints: list(exponential), ...withTemporality })),
  summary: maybe(z.object({ dataPoints: list(z.object({})) })),
});
const scope = z.object({ name: or(z.string(), ''), version: or(z.string(), '') });
const request = z.object({
  resourceMetrics: list(
    z.object({
      resource: maybe(z.object({ attributes: list(keyValue) })),
      scopeMetrics: list(z.object({ scope: maybe(scope), metrics: list(metric) })),
    }),
  ),
});

/** @throws BellwetherError `bad_request` that names the field, `payload_too_large`. */
export function protobufOfJson(body: Buffer): Uint8Array {
  refuseTooManyObjects(body);
  const parsed = withoutOverflow(() => request.safeParse(parse(body)));
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    const where = issue === undefined || issue.path.length === 0 ? 'the body' : issue.path.join('.');
    throw new BellwetherError('bad_request', `${where}: ${issue?.message ?? 'is not valid'}`);
  }
  // A field that is not there is read as undefined, which is what the encoder takes for absent.
  return withoutOverflow(() => encodeForeign(parsed.data as ForeignRequest));
}

/** Values hold values, and whoever sends them says how deep: the stack is the bound here. */
function withoutOverflow<T>(work: () => T): T {
  try {
    return work();
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    throw new BellwetherError('bad_request', 'values are nested too deep', { cause: error });
  }
}

function parse(body: Buffer): unknown {
  try {
    return JSON.parse(body.toString('utf8'));
  } catch (error) {
    throw new BellwetherError('bad_request', `the body is no JSON: ${messageOf(error)}`, { cause: error });
  }
}

function refuseTooManyObjects(body: Buffer): void {
  let objects = 0;
  for (const byte of body) if (byte === OPENING_BRACE) objects += 1;
  if (objects <= MAX_OBJECTS) return;
  const text = `the body has ${objects} objects, at most ${MAX_OBJECTS} are taken; send fewer points at once`;
  throw new BellwetherError('payload_too_large', text);
}
