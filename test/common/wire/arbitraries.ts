import fc from 'fast-check';
import type { DropEvent, EventBatch, Host, Owner, Point, SignalBatch } from '../../../common/wire/batch.js';

/** Generators of sound batches. Points are grouped by owner and signal, which is the order that OTLP keeps. */

const plain = { noNullPrototype: true } as const;
const WINDOWS_MS = [1_000, 5_000, 60_000];
const name = fc.string({ unit: 'grapheme', minLength: 1, maxLength: 12 });
const attributeKey = name.filter((key) => key !== '__proto__');
const safe = fc.integer({ min: 0, max: Number.MAX_SAFE_INTEGER });

const host: fc.Arbitrary<Host> = fc.record({ id: name, name, region: fc.string({ maxLength: 12 }) }, plain);
const owner: fc.Arbitrary<Owner> = fc.record(
  {
    customer: fc.string({ maxLength: 8 }),
    app: fc.string({ maxLength: 8 }),
    instance: fc.string({ maxLength: 8 }),
  },
  plain,
);
const attributes = fc.dictionary(attributeKey, fc.string({ maxLength: 20 }), {
  maxKeys: 4,
  noNullPrototype: true,
});

const value = fc.oneof(safe, fc.double({ min: Number.MIN_VALUE, max: Number.MAX_VALUE, noNaN: true }));
const sumValue = fc.record({ attributes, value });
const buckets = fc.uniqueArray(
  fc.record({ index: fc.integer({ min: -240, max: 79 }), count: fc.integer({ min: 1, max: 2 ** 40 }) }),
  { selector: ({ index }) => index, maxLength: 12 },
);
const histogramValue = fc
  .record({
    attributes,
    zeroCount: fc.integer({ min: 0, max: 2 ** 40 }),
    sum: fc.double({ min: Number.MIN_VALUE, max: 1e12, noNaN: true }),
    buckets,
  })
  .map(({ buckets: unsorted, ...rest }) => {
    const sorted = unsorted.sort((a, b) => a.index - b.index);
    return {
      ...rest,
      count: sorted.reduce((total, { count }) => total + count, rest.zeroCount),
      bucketIndexes: sorted.map(({ index }) => index),
      bucketCounts: sorted.map(({ count }) => count),
    };
  });

const metric = fc.oneof(
  fc.record({
    signal: name,
    kind: fc.constant('sum' as const),
    values: fc.array(sumValue, { minLength: 1, maxLength: 4 }),
  }),
  fc.record({
    signal: name,
    kind: fc.constant('exponential_histogram' as const),
    values: fc.array(histogramValue, { minLength: 1, maxLength: 4 }),
  }),
);
const owned = fc.record({
  owner,
  metrics: fc.uniqueArray(metric, { selector: ({ signal }) => signal, minLength: 1, maxLength: 4 }),
});
const ownedPoints = fc
  .uniqueArray(owned, {
    selector: ({ owner: of }) => JSON.stringify([of.customer, of.app, of.instance]),
    maxLength: 4,
  })
  .map((groups) => groups.flatMap(({ owner: of, metrics }) => metrics.flatMap((each) => pointsOf(of, each))));

type MetricValue = typeof metric extends fc.Arbitrary<infer T> ? T : never;

function pointsOf(of: Owner, each: MetricValue): Point[] {
  if (each.kind === 'sum')
    return each.values.map((one) => ({ kind: each.kind, signal: each.signal, owner: of, ...one }));
  return each.values.map((one) => ({ kind: each.kind, signal: each.signal, owner: of, ...one }));
}

const head = fc
  .record({
    host,
    run: fc.uuid(),
    seq: safe,
    length: fc.constantFrom(...WINDOWS_MS),
    nth: fc.integer({ min: 0, max: 100_000_000 }),
  })
  .map(({ host: of, run, seq, length, nth }) => ({
    host: of,
    identity: { hostId: of.id, run, seq },
    windowStartMs: nth * length,
    windowEndMs: (nth + 1) * length,
  }));

const counts = fc.dictionary(attributeKey, safe, { maxKeys: 4, noNullPrototype: true });

export const signalBatch: fc.Arbitrary<SignalBatch> = fc
  .record({
    head,
    observedMs: fc.integer({ min: 0, max: 1_000 }),
    customers: fc.array(name, { maxLength: 4 }),
    goodbye: fc.boolean(),
    lost: counts,
    unattributed: counts,
    points: ownedPoints,
  })
  .map(({ head: first, lost, unattributed, points, ...rest }) => ({
    ...first,
    ...rest,
    ledger: { emittedPoints: points.length, lost, unattributed },
    points,
  }));

const text = fc.string({ minLength: 0, maxLength: 20 });
const ownedEvents = fc.record({
  owner,
  events: fc.array(
    fc.record({
      timeUnixNano: fc.bigInt({ min: 1n, max: 2n ** 63n }),
      reason: text,
      cause: text,
      fault: text,
      place: text,
      way: text,
      protocol: text,
      sourceAddress: text,
      sourcePort: fc.integer({ min: 0, max: 65_535 }),
      destinationAddress: text,
      destinationPort: fc.integer({ min: 0, max: 65_535 }),
      lengthBytes: fc.integer({ min: 0, max: 2 ** 32 - 1 }),
      interfaceName: text,
    }),
    { minLength: 1, maxLength: 4 },
  ),
});

export const eventBatch: fc.Arbitrary<EventBatch> = fc
  .record({
    head,
    owned: fc.uniqueArray(ownedEvents, {
      selector: ({ owner: of }) => JSON.stringify([of.customer, of.app, of.instance]),
      maxLength: 4,
    }),
  })
  .map(({ head: first, owned: groups }) => ({
    ...first,
    events: groups.flatMap(({ owner: of, events }) =>
      events.map((event): DropEvent => ({ owner: of, ...event })),
    ),
  }));
