import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { BellwetherError } from '../../../common/runtime/errors.js';
import type { SignalBatch } from '../../../common/wire/batch.js';
import { exportMetricsServiceRequest } from '../../../common/wire/otlp-schema.js';
import {
  decodeEventBatch,
  decodeSignalBatch,
  encodeEventBatch,
  encodeSignalBatch,
} from '../../../common/wire/otlp.js';
import { decode, encode, type TypeOf } from '../../../common/wire/protobuf.js';
import { eventBatch, signalBatch } from './arbitraries.js';

const batch: SignalBatch = {
  host: { id: 'h1', name: 'one', region: 'eu' },
  identity: { hostId: 'h1', run: '3f2f4c0a-8a53-4d2c-9c39-0f6f6e1b2a11', seq: 7 },
  windowStartMs: 1_700_000_000_000,
  windowEndMs: 1_700_000_005_000,
  observedMs: 5_000,
  customers: ['acme', 'globex'],
  goodbye: false,
  ledger: { emittedPoints: 2, lost: { drop_map_full: 3 }, unattributed: { 'packet.drops': 4 } },
  points: [
    {
      kind: 'sum',
      signal: 'packet.drops',
      owner: { customer: 'acme', app: 'web', instance: 'web-1' },
      attributes: { 'drop.reason': 'NO_SOCKET' },
      value: 50,
    },
    {
      kind: 'exponential_histogram',
      signal: 'tcp.rtt',
      owner: { customer: 'acme', app: 'web', instance: 'web-1' },
      attributes: {},
      count: 6,
      zeroCount: 1,
      sum: 0.25,
      bucketIndexes: [-50, -48],
      bucketCounts: [2, 3],
    },
  ],
};

type Request = TypeOf<typeof exportMetricsServiceRequest>;

/** The bytes of `batch` after `change` has been made to its OTLP form. */
function altered(change: (request: Request) => void): Uint8Array {
  const request = decode(exportMetricsServiceRequest, encodeSignalBatch(batch));
  change(request);
  return encode(exportMetricsServiceRequest, request);
}

function refusal(bytes: Uint8Array): string {
  try {
    decodeSignalBatch(bytes);
  } catch (error) {
    assert.ok(error instanceof BellwetherError, `threw ${String(error)}`);
    assert.equal(error.code, 'message_invalid');
    return error.message;
  }
  return assert.fail('was taken');
}

const metricOf = (request: Request, m: number) => request.resourceMetrics[1]!.scopeMetrics[0]!.metrics[m]!;
const sumPoint = (request: Request) => metricOf(request, 0).sum!.dataPoints[0]!;
const histogram = (request: Request) => metricOf(request, 1).exponentialHistogram!.dataPoints[0]!;
const hostAttribute = (request: Request, key: string) =>
  request.resourceMetrics[0]!.resource!.attributes.find((attribute) => attribute.key === key)!;

describe('signal batches', () => {
  test('what is decoded equals what was encoded', () => {
    assert.deepEqual(decodeSignalBatch(encodeSignalBatch(batch)), batch);
    fc.assert(
      fc.property(signalBatch, (any) => assert.deepEqual(decodeSignalBatch(encodeSignalBatch(any)), any)),
      { numRuns: 300 },
    );
  });

  test('points of one owner and signal are put together', () => {
    const [drops, rtt] = batch.points;
    const mixed = { ...batch, ledger: { ...batch.ledger, emittedPoints: 3 }, points: [drops!, rtt!, drops!] };
    assert.deepEqual(decodeSignalBatch(encodeSignalBatch(mixed)).points, [drops, drops, rtt]);
    assert.equal(decode(exportMetricsServiceRequest, encodeSignalBatch(mixed)).resourceMetrics.length, 2);
  });

  test('random bytes and cut messages throw nothing but message_invalid', () => {
    const bytes = encodeSignalBatch(batch);
    const attempt = (input: Uint8Array) => {
      try {
        decodeSignalBatch(input);
      } catch (error) {
        assert.ok(error instanceof BellwetherError && error.code === 'message_invalid', String(error));
      }
    };
    for (let length = 0; length < bytes.length; length++) attempt(bytes.subarray(0, length));
    fc.assert(fc.property(fc.uint8Array({ maxLength: 200 }), attempt), { numRuns: 500 });
    fc.assert(
      fc.property(fc.nat(bytes.length - 1), fc.nat(255), (at, value) => {
        const changed = Uint8Array.from(bytes);
        changed[at] = value;
        attempt(changed);
      }),
      { numRuns: 2_000 },
    );
  });

  test('nested deeper than any OTLP message is refused, not a stack overflow', () => {
    let value = new Uint8Array([0x2a, 0]); // AnyValue { array_value: {} }
    const wrap = (tag: number, inner: Uint8Array) => {
      const length: number[] = [];
      for (let rest = inner.length; ; rest >>>= 7) {
        length.push(rest > 127 ? (rest & 127) | 128 : rest);
        if (rest <= 127) break;
      }
      return new Uint8Array([tag, ...length, ...inner]);
    };
    for (let depth = 0; depth < 5_000; depth++) value = wrap(0x2a, wrap(0x0a, value));
    const attribute = wrap(0x0a, wrap(0x12, value)); // Resource.attributes { value }
    assert.match(refusal(wrap(0x0a, wrap(0x0a, attribute))), /nested deeper/);
  });

  const cases: [string, (request: Request) => void, RegExp][] = [
    ['a negative sum', (r) => (sumPoint(r).asInt = -1), /metrics\[0\]\.sum\.dataPoints\[0\]: is -1/],
    ['NaN', (r) => Object.assign(sumPoint(r), { asInt: undefined, asDouble: NaN }), /is NaN, must be finite/],
    ['no value', (r) => (sumPoint(r).asInt = undefined), /has no value/],
    ['cumulative', (r) => (metricOf(r, 0).sum!.aggregationTemporality = 2), /delta temporality/],
    ['not monotonic', (r) => (metricOf(r, 0).sum!.isMonotonic = false), /must be monotonic/],
    ['another window', (r) => (sumPoint(r).timeUnixNano += 1n), /not of the window/],
    ['another scale', (r) => (histogram(r).scale = 4), /scale: is 4, must be 3/],
    ['a bucket out of range', (r) => (histogram(r).positive!.offset = -241), /bucket -241 is outside/],
    [
      'a count that is not the buckets',
      (r) => (histogram(r).count = 7),
      /count: is 7, but the buckets hold 6/,
    ],
    ['negative buckets', (r) => (histogram(r).negative = { offset: 0, bucketCounts: [1] }), /must be empty/],
    ['an infinite sum', (r) => (histogram(r).sum = Infinity), /sum: is Infinity/],
    [
      'a kind that the catalogue denies',
      (r) => (metricOf(r, 1).name = 'packet.drops'),
      /packet\.drops must be sum/,
    ],
    ['a point less than said', (r) => r.resourceMetrics.pop(), /says 2 points, the message holds 0/],
    [
      'another host',
      (r) => (r.resourceMetrics[1]!.resource!.attributes[0]!.value!.stringValue = 'h2'),
      /is 'h2'/,
    ],
    ['an empty message', (r) => (r.resourceMetrics = []), /first entry must be the host/],
    [
      'a run that is no UUID',
      (r) => (hostAttribute(r, 'bellwether.run').value!.stringValue = 'x'),
      /must be a UUID/,
    ],
    [
      'seq below 0',
      (r) => (hostAttribute(r, 'bellwether.seq').value!.intValue = -1),
      /bellwether\.seq\]: is -1/,
    ],
    [
      'a window not aligned',
      (r) => (hostAttribute(r, 'bellwether.window.start_ms').value!.intValue! += 1),
      /multiple/,
    ],
    [
      'a window that ends first',
      (r) => (hostAttribute(r, 'bellwether.window.end_ms').value!.intValue = 5),
      /end_ms/,
    ],
    [
      'observed for longer',
      (r) => (hostAttribute(r, 'bellwether.observed_ms').value!.intValue = 5_001),
      /observed_ms/,
    ],
    [
      'a host without id',
      (r) => (hostAttribute(r, 'host.id').value!.stringValue = ''),
      /host\.id\]: must not be empty/,
    ],
    ['no ledger', (r) => (r.resourceMetrics[0]!.scopeMetrics = []), /bellwether\.ledger\]: is missing/],
    [
      'an attribute twice',
      (r) => sumPoint(r).attributes.push(sumPoint(r).attributes[0]!),
      /stands there twice/,
    ],
    ['a name too long', (r) => (metricOf(r, 0).name = 'x'.repeat(257)), /name: must have 1 to 256/],
  ];
  for (const [what, change, expected] of cases) {
    test(`refuses ${what}, naming the field`, () => assert.match(refusal(altered(change)), expected));
  }

  test('a field of a newer OTLP is skipped', () => {
    const unknown = new Uint8Array([0xa2, 0x06, 3, 1, 2, 3]); // field 100, three bytes
    assert.deepEqual(decodeSignalBatch(Buffer.concat([encodeSignalBatch(batch), unknown])), batch);
  });
});

describe('event batches', () => {
  test('what is decoded equals what was encoded', () => {
    fc.assert(
      fc.property(eventBatch, (any) => assert.deepEqual(decodeEventBatch(encodeEventBatch(any)), any)),
      { numRuns: 300 },
    );
  });

  test('random bytes throw nothing but message_invalid', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        assert.throws(
          () => decodeEventBatch(bytes),
          (error) => error instanceof BellwetherError && error.code === 'message_invalid',
        );
      }),
      { numRuns: 500 },
    );
  });
});
