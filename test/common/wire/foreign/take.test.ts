import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { BellwetherError } from '../../../../common/runtime/errors.js';
import {
  decodeForeign,
  encodeForeign,
  isAgentMessage,
  takePoints,
  type ForeignPoint,
  type ForeignRequest,
  type RefusalReason,
} from '../../../../common/wire/foreign/index.js';
import type { ForeignMetric } from '../../../../common/wire/foreign/schema.js';
import { encodeEventBatch, encodeSignalBatch } from '../../../../common/wire/otlp.js';
import { eventBatch, signalBatch } from '../arbitraries.js';
import {
  CUMULATIVE,
  DELTA,
  END_MS,
  explicit,
  exponential,
  exponentialHistogram,
  gauge,
  histogram,
  metric,
  nanoseconds,
  number,
  request,
  START_MS,
  sum,
  text,
} from './requests.js';

/** Through bytes, as it comes. */
const take = (content: ForeignRequest) => takePoints(decodeForeign(encodeForeign(content)));
const one = (content: ForeignMetric): ForeignPoint => {
  const { points, refusals } = take(request([content]));
  assert.deepEqual(refusals, []);
  return points[0]!;
};
const reasonOf = (content: ForeignRequest): RefusalReason | undefined => {
  const { points, refusals } = take(content);
  if (refusals.length > 0) assert.deepEqual([points.length, refusals.length], [0, 1]);
  return refusals[0]?.reason;
};

describe('points of anyone', () => {
  test('have the kind that their temporality and monotonicity say', () => {
    const kinds = [
      one(gauge([number()])),
      one(sum([number()], DELTA)),
      one(sum([number()], DELTA, false)),
      one(sum([number()], CUMULATIVE)),
      one(sum([number()], CUMULATIVE, false)),
      one(histogram()),
      one(histogram([explicit()], CUMULATIVE)),
      one(exponentialHistogram()),
      one(exponentialHistogram([exponential()], CUMULATIVE)),
      one(exponentialHistogram([exponential({ scale: 2 })])),
      one(exponentialHistogram([exponential({ scale: 2 })], CUMULATIVE)),
    ].map(({ kind }) => kind);
    assert.deepEqual(kinds, [
      'gauge',
      'sum',
      'up_down_sum',
      'cumulative_sum',
      'gauge',
      'histogram',
      'cumulative_histogram',
      'exponential_histogram',
      'cumulative_exponential_histogram',
      'histogram',
      'cumulative_histogram',
    ]);
  });

  test('stand at the start of a delta, else when they were observed', () => {
    const times = ({ timeMs, startMs, windowMs }: ForeignPoint) => [timeMs, startMs, windowMs];
    const length = END_MS - START_MS;
    assert.deepEqual(times(one(sum([number()]))), [START_MS, START_MS, length]);
    assert.deepEqual(times(one(sum([number()], CUMULATIVE))), [END_MS, START_MS, 0]);
    assert.deepEqual(times(one(gauge([number()]))), [END_MS, END_MS, 0]);
    const unknown = number({ startTimeUnixNano: 0n });
    assert.deepEqual(times(one(sum([unknown]))), [END_MS, END_MS, 0]);
    assert.deepEqual(times(one(sum([unknown], CUMULATIVE))), [END_MS, 0, 0]);
  });

  test('have their values: doubles, integers rounded above 2^53, buckets and sums', () => {
    assert.equal(one(gauge([number({ asDouble: -0.25 })])).value, -0.25);
    assert.equal(one(sum([number({ asDouble: undefined, asInt: -7n })], DELTA, false)).value, -7);
    assert.equal(one(gauge([number({ asInt: 2n ** 53n + 1n })])).value, 2 ** 53);
    const { count, sum: total, bucketCounts, bounds } = one(histogram());
    assert.deepEqual([count, total, bucketCounts, bounds], [6, 9.5, [1, 2, 3], [0.5, 1]]);
    const bare = explicit({ bucketCounts: [], explicitBounds: [] });
    assert.deepEqual(one(histogram([bare])).bucketCounts, [6], 'one bucket holds everything');
    const fine = one(exponentialHistogram());
    assert.deepEqual([fine.zeroCount, fine.bucketIndexes, fine.bucketCounts], [1, [-2, 0], [2, 3]]);
    const finer = one(exponentialHistogram([exponential({ scale: 5 })]));
    assert.deepEqual(
      [finer.bucketIndexes, finer.bucketCounts],
      [
        [-1, 0],
        [2, 3],
      ],
    );
  });

  test('belong to whom their resource says, and keep what else it says', () => {
    const attributes = [
      text('service.name', 'shop'),
      text('service.instance.id', 'i-7'),
      text('host.name', 'vm'),
      text('cloud.region', 'eu'),
      text('bellwether.customer', 'acme'),
      text('k8s.pod', 'p'),
    ];
    const point = take(request([gauge([number({ attributes: [text('path', '/')] })])], attributes))
      .points[0]!;
    assert.deepEqual(point.origin, {
      customer: 'acme',
      app: 'shop',
      instance: 'i-7',
      host: 'vm',
      region: 'eu',
      attributes: [
        ['resource.k8s.pod', 'p'],
        ['scope.name', 'their.scope'],
      ],
    });
    assert.deepEqual(point.attributes, [['path', '/'], ...point.origin.attributes]);
    const [, , name, ...rest] = attributes;
    const withId = take(request([gauge([number()])], [text('host.id', 'id'), name!, ...rest])).points[0]!;
    assert.equal(withId.origin.host, 'id');
    assert.equal(
      Object.fromEntries(withId.attributes)['resource.host.name'],
      'vm',
      'what is not the identity is kept',
    );
  });

  test('keep attributes of each type as text, one text for one value', () => {
    const none = text('', '').value!;
    const plain = { ...none, stringValue: undefined };
    const map = (...keys: string[]) => ({
      ...plain,
      kvlistValue: { values: keys.map((key) => ({ key, value: { ...plain, boolValue: true } })) },
    });
    const attributes = [
      { key: 'int', value: { ...plain, intValue: 2n ** 53n + 1n } },
      { key: 'double', value: { ...plain, doubleValue: 0.1 } },
      { key: 'nan', value: { ...plain, doubleValue: Number.NaN } },
      { key: 'bytes', value: { ...plain, bytesValue: Buffer.from([1, 2]) } },
      { key: 'list', value: { ...plain, arrayValue: { values: [text('', 'a"').value!, plain] } } },
      { key: 'one', value: map('a', 'b') },
      { key: 'same', value: map('b', 'a') },
      { key: 'nothing', value: undefined },
    ];
    const { attributes: found } = one(gauge([number({ attributes })]));
    assert.deepEqual(Object.fromEntries(found), {
      'scope.name': 'their.scope',
      int: '9007199254740993',
      double: '0.1',
      nan: '"NaN"',
      bytes: '"AQI="',
      list: '["a\\"",null]',
      one: '{"a":true,"b":true}',
      same: '{"a":true,"b":true}',
      nothing: 'null',
    });
  });

  test('that say that they hold nothing are skipped and counted', () => {
    const content = request([gauge([number({ flags: 1, asDouble: NaN }), number()])]);
    const { points, withoutValue, refusals } = takePoints(content);
    assert.deepEqual([points.length, withoutValue, refusals], [1, 1, []]);
    assert.deepEqual(content, request([gauge([number()])]), 'and not passed on');
  });
});

const many = Array.from({ length: 65 }, (_, i) => text(`k${i}`, ''));
const cases: [RefusalReason, string, ForeignRequest][] = [
  ['reserved_name', 'of the catalogue', request([{ ...sum([number()]), name: 'tcp.rtt' }])],
  ['reserved_name', 'like our own', request([{ ...sum([number()]), name: 'bellwether_packet_drops_total' }])],
  ['name_invalid', 'without', request([{ ...sum([number()]), name: '' }])],
  ['name_invalid', 'too long a unit', request([{ ...sum([number()]), unit: 'x'.repeat(257) }])],
  ['kind_unsupported', 'a summary', request([metric({ summary: { dataPoints: [{}] } })])],
  ['kind_unsupported', 'none', request([metric({})])],
  ['temporality_unspecified', 'of a sum', request([sum([number()], 0)])],
  ['temporality_unspecified', 'of a histogram', request([histogram([explicit()], 3)])],
  ['value_invalid', 'not a number', request([gauge([number({ asDouble: Number.NaN })])])],
  ['value_invalid', 'endless', request([gauge([number({ asDouble: Infinity })])])],
  ['value_invalid', 'none', request([gauge([number({ asDouble: undefined })])])],
  ['value_invalid', 'negative and monotonic', request([sum([number({ asDouble: -1 })])])],
  ['value_invalid', 'a histogram without a sum', request([histogram([explicit({ sum: undefined })])])],
  ['value_invalid', 'an endless sum', request([exponentialHistogram([exponential({ sum: Infinity })])])],
  ['buckets_invalid', 'a count too many', request([histogram([explicit({ bucketCounts: [1, 2, 3, 0] })])])],
  ['buckets_invalid', 'a count too few', request([histogram([explicit({ bucketCounts: [3, 3] })])])],
  ['buckets_invalid', 'no counts', request([histogram([explicit({ bucketCounts: [] })])])],
  ['buckets_invalid', 'bounds that fall', request([histogram([explicit({ explicitBounds: [1, 0.5] })])])],
  ['buckets_invalid', 'equal bounds', request([histogram([explicit({ explicitBounds: [1, 1] })])])],
  [
    'buckets_invalid',
    'an endless bound',
    request([histogram([explicit({ explicitBounds: [1, Infinity] })])]),
  ],
  ['buckets_invalid', 'another total', request([histogram([explicit({ count: 7 })])])],
  [
    'buckets_invalid',
    'another total, exponential',
    request([exponentialHistogram([exponential({ count: 5 })])]),
  ],
  [
    'buckets_invalid',
    'beyond every double',
    request([exponentialHistogram([exponential({ positive: { offset: 2 ** 30, bucketCounts: [5] } })])]),
  ],
  [
    'buckets_invalid',
    'a count beyond 2^53',
    request([histogram([explicit({ count: 2 ** 60, bucketCounts: [2 ** 60, 0, 0] })])]),
  ],
  [
    'negative_buckets',
    'with counts',
    request([exponentialHistogram([exponential({ negative: { offset: 0, bucketCounts: [0, 1] } })])]),
  ],
  ['attributes_invalid', 'too many', request([gauge([number({ attributes: many })])])],
  ['attributes_invalid', 'too many of the resource', request([gauge([number()])], many)],
  ['attributes_invalid', 'twice', request([gauge([number({ attributes: [text('a', ''), text('a', '')] })])])],
  ['attributes_invalid', 'no key', request([gauge([number({ attributes: [text('', '')] })])])],
  ['attributes_invalid', 'a prototype', request([gauge([number({ attributes: [text('__proto__', '')] })])])],
  [
    'attributes_invalid',
    'too long',
    request([gauge([number({ attributes: [text('a', 'x'.repeat(1_025))] })])]),
  ],
  ['attributes_invalid', "the scope's", request([gauge([number({ attributes: [text('scope.name', '')] })])])],
  ['time_invalid', 'none', request([gauge([number({ timeUnixNano: 0n, startTimeUnixNano: 0n })])])],
  ['time_invalid', 'after 2262', request([gauge([number({ timeUnixNano: 2n ** 64n - 1n })])])],
  [
    'time_invalid',
    'a start after it',
    request([gauge([number({ startTimeUnixNano: nanoseconds(END_MS + 1) })])]),
  ],
  [
    'time_invalid',
    'fifty days long',
    request([sum([number({ startTimeUnixNano: nanoseconds(END_MS - 50 * 86_400_000) })])]),
  ],
];

describe('a point is refused', () => {
  for (const [reason, what, content] of cases) {
    test(`as ${reason}: ${what}`, () => assert.equal(reasonOf(content), reason));
  }

  test('alone: its neighbours are taken, and it is taken out of the request', () => {
    const bad = number({ asDouble: Number.NaN });
    const content = request([gauge([bad, number(), bad]), { ...gauge([number()]), name: 'tcp.rtt' }]);
    const { points, refusals } = takePoints(content);
    assert.equal(points.length, 1);
    assert.deepEqual(
      refusals.map(({ reason, points: count }) => [reason, count]),
      [
        ['value_invalid', 2],
        ['reserved_name', 1],
      ],
    );
    assert.match(
      refusals[0]!.example,
      /^resourceMetrics\[0\]\.scopeMetrics\[0\]\.metrics\[0\]\.dataPoints\[0\]: /,
    );
    assert.deepEqual(content, request([gauge([number()])]));
  });

  test('by whoever knows more than it says', () => {
    const content = request([gauge([number(), number()])]);
    let looked = 0;
    takePoints(content, () => void (looked += 1));
    assert.equal(looked, 2);
  });
});

describe('bytes of anyone', () => {
  const bytes = encodeForeign(
    request([
      gauge([number({ attributes: [text('a', 'b')] })]),
      sum([number({ asInt: -5n })]),
      histogram(),
      exponentialHistogram(),
    ]),
  );
  const attempt = (input: Uint8Array) => {
    isAgentMessage(input);
    try {
      takePoints(decodeForeign(input));
    } catch (error) {
      assert.ok(error instanceof BellwetherError && error.code === 'message_invalid', String(error));
    }
  };

  test('that were read are written as they were', () => {
    assert.deepEqual(encodeForeign(decodeForeign(bytes)), bytes);
  });

  test('at random, cut and changed throw nothing but message_invalid', () => {
    for (let length = 0; length < bytes.length; length += 1) attempt(bytes.subarray(0, length));
    fc.assert(fc.property(fc.uint8Array({ maxLength: 200 }), attempt), { numRuns: 500 });
    fc.assert(
      fc.property(fc.nat(bytes.length - 1), fc.nat(255), (at, value) => {
        const changed = Uint8Array.from(bytes);
        changed[at] = value;
        attempt(changed);
      }),
      { numRuns: 3_000 },
    );
  });

  test('without a resource are none, whatever fields they have', () => {
    assert.throws(() => decodeForeign(Uint8Array.from([0x78, 1])), /resourceMetrics is empty/);
    assert.throws(() => decodeForeign(new Uint8Array()), /resourceMetrics is empty/);
  });

  test('cannot exhaust memory by lists of nothing', () => {
    const empty = Buffer.alloc(1_200_000);
    for (let at = 0; at < empty.length; at += 2) empty[at] = 0x0a;
    assert.throws(() => decodeForeign(empty), /more than 500000 list elements/);
  });

  test("of our agents are told from others'", () => {
    fc.assert(
      fc.property(signalBatch, (batch) => isAgentMessage(encodeSignalBatch(batch))),
      { numRuns: 50 },
    );
    fc.assert(
      fc.property(eventBatch, (batch) => isAgentMessage(encodeEventBatch(batch))),
      { numRuns: 20 },
    );
    assert.equal(isAgentMessage(bytes), false);
    const near = request([gauge([number()])], [text('x', 'y'), text('bellwether.ruN', 'x')]);
    assert.equal(isAgentMessage(encodeForeign(near)), false);
    const second = {
      resourceMetrics: [
        ...near.resourceMetrics,
        ...request([], [text('bellwether.run', '')]).resourceMetrics,
      ],
    };
    assert.equal(isAgentMessage(encodeForeign(second)), false, 'only the first one counts');
  });
});
