import { textValueOf, type ForeignRequest } from '../../../common/wire/foreign/index.js';

/** `ExportMetricsServiceRequest` whose only attribute holds an array that holds an array, and so on. */
export function nested(depth: number): Buffer {
  // any_value { array_value { values: any_value … } }: fields 5 and 1, from the inside out.
  let parts: Buffer[] = [];
  let length = 0;
  const wrap = (field: number) => {
    const head = Buffer.concat([Buffer.from([(field << 3) | 2]), varint(length)]);
    parts.push(head);
    length += head.length;
  };
  for (let level = 0; level < depth; level += 1) {
    wrap(1);
    wrap(5);
  }
  const value = Buffer.concat(parts.reverse());
  parts = [];
  const attribute = Buffer.concat([field(1, Buffer.from('deep')), field(2, value)]);
  return field(1, field(1, field(1, attribute)));
}

/** A message with a field that OTLP does not have, so many times. */
export function repeated(times: number, byte: number): Buffer {
  return Buffer.concat(Array.from({ length: times }, () => field(15, Buffer.from([byte]))));
}

/** Protobuf of a field that is delimited by its length. */
function field(number: number, content: Buffer): Buffer {
  return Buffer.concat([Buffer.from([(number << 3) | 2]), varint(content.length), content]);
}

function varint(value: number): Buffer {
  const bytes: number[] = [];
  let rest = value;
  for (; rest >= 0x80; rest = Math.floor(rest / 0x80)) bytes.push((rest % 0x80) | 0x80);
  return Buffer.from([...bytes, rest]);
}

/** A monotonic delta sum of one point, as an OpenTelemetry SDK would send it. */
export function foreignSum(name: string, timeMs: number): ForeignRequest {
  const nanoseconds = BigInt(timeMs) * 1_000_000n;
  const point = {
    startTimeUnixNano: nanoseconds,
    timeUnixNano: nanoseconds,
    asDouble: 1,
    asInt: undefined,
    attributes: [],
    flags: 0,
  };
  const metric = {
    name,
    unit: '1',
    gauge: undefined,
    sum: { dataPoints: [point], aggregationTemporality: 1, isMonotonic: true },
    histogram: undefined,
    exponentialHistogram: undefined,
    summary: undefined,
  };
  const attributes = [{ key: 'service.name', value: textValueOf('theirs') }];
  return {
    resourceMetrics: [
      { resource: { attributes }, scopeMetrics: [{ scope: { name: '', version: '' }, metrics: [metric] }] },
    ],
  };
}
