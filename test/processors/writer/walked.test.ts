import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { BellwetherError } from '../../../common/runtime/errors.js';
import type { BatchHead, Point, SignalBatch } from '../../../common/wire/batch.js';
import {
  exportMetricsServiceRequest,
  numberDataPoint,
  resource,
  scope,
  type KeyValue,
} from '../../../common/wire/otlp-schema.js';
import { decodeSignalBatch, encodeSignalBatch } from '../../../common/wire/otlp.js';
import { decode, encode, type TypeOf } from '../../../common/wire/protobuf.js';
import { SignalWalker } from '../../../common/wire/walk/signal-walker.js';
import { SeriesHasher } from '../../../processors/writer/identity.js';
import { sampleRows } from '../../../processors/writer/rows/samples.js';
import type { RowLabel } from '../../../processors/writer/rows/row-label.js';
import { SamplesBlock } from '../../../processors/writer/rows/samples-block.js';
import { WalkedSamples } from '../../../processors/writer/rows/walked-samples.js';
import { signalBatch as anyBatch } from '../../common/wire/arbitraries.js';
import { signalBatch } from './batches.js';

const MIB = 1024 * 1024;
const START_MS = Date.UTC(2026, 10, 24, 18);
const batch = signalBatch(1, 0, START_MS, randomUUID());
const hasher = new SeriesHasher();

interface Read {
  readonly head: BatchHead;
  readonly rows: number;
  readonly bytes: Uint8Array;
  readonly droppedPackets: number;
}

/** One walker over many messages, as in the writer: what it remembers of one must not show in the next. */
function newWalker(cacheBytes = MIB): (message: Uint8Array) => Read | undefined {
  const walker = new SignalWalker<RowLabel>(cacheBytes);
  const sink = new WalkedSamples();
  const block = new SamplesBlock();
  return (message) => {
    const head = walker.walk(message, sink);
    if (head === undefined) return undefined;
    const samples = sink.take(head);
    const bytes = Buffer.concat(block.of([samples]));
    return { head, rows: samples.rows, bytes, droppedPackets: sink.droppedPackets };
  };
}

/** The reference; undefined when it refuses. */
function readInGeneral(message: Uint8Array): Read | undefined {
  try {
    const { points, ...head } = decodeSignalBatch(message);
    const samples = sampleRows({ ...head, points }, hasher);
    const bytes = Buffer.concat(new SamplesBlock().of([samples]));
    return { head, rows: samples.rows, bytes, droppedPackets: packetsOf(points) };
  } catch (error) {
    assert.ok(error instanceof BellwetherError, String(error));
    return undefined;
  }
}

function packetsOf(points: readonly Point[]): number {
  const drops = points.filter(({ signal }) => signal === 'packet.drops');
  return drops.reduce((sum, point) => sum + (point.kind === 'sum' ? point.value : 0), 0);
}

const keyOf = ({ signal, kind, owner, attributes }: Point) =>
  JSON.stringify([signal, kind, owner, Object.entries(attributes).sort()]);

/** What an agent could send: each series once, and no bucket of 2^28 values. */
function isRegular({ points, windowStartMs }: SignalBatch): boolean {
  const small = points.every((point) => point.kind === 'sum' || point.bucketCounts.every((n) => n < 2 ** 28));
  return small && windowStartMs > 0 && new Set(points.map(keyOf)).size === points.length;
}

/** What may happen to bytes; `at` is a part of the length. */
const mutation = fc.record({
  what: fc.constantFrom('letter', 'letter', 'set', 'set', 'flip', 'remove', 'insert', 'cut', 'repeat'),
  at: fc.nat(999_999).map((millionth) => millionth / 1_000_000),
  value: fc.oneof(fc.constantFrom(0, 1, 0x0a, 0x7f, 0x80, 0xff), fc.nat(255)),
  length: fc.integer({ min: 1, max: 40 }),
});
type Mutation = typeof mutation extends fc.Arbitrary<infer T> ? T : never;

function mutated(bytes: Uint8Array, { what, at, value, length }: Mutation): Uint8Array {
  const place = Math.floor(at * bytes.length);
  const [before, after] = [bytes.subarray(0, place), bytes.subarray(place)];
  if (what === 'cut') return before;
  if (what === 'remove') return Buffer.concat([before, after.subarray(1)]);
  if (what === 'insert') return Buffer.concat([before, Buffer.from([value]), after]);
  if (what === 'repeat') return Buffer.concat([before, after.subarray(0, length), after]);
  const changed = Buffer.from(bytes);
  if (what === 'letter') {
    // Texts and numbers change and the structure does not: these are often taken.
    const letter = changed.findIndex((byte, i) => i >= place && byte >= 0x61 && byte <= 0x7a);
    if (letter >= 0) changed[letter] = 0x61 + (value % 26);
    return changed;
  }
  changed[place] = what === 'set' ? value : (changed[place] ?? 0) ^ (1 << (value & 7));
  return changed;
}

type Request = TypeOf<typeof exportMetricsServiceRequest>;

function altered(change: (request: Request) => void): Uint8Array {
  const request = decode(exportMetricsServiceRequest, encodeSignalBatch(batch));
  change(request);
  return encode(exportMetricsServiceRequest, request);
}

const ownerOf = (request: Request, i = 1) => request.resourceMetrics[i]!;
const metricOf = (request: Request, m: number) => ownerOf(request).scopeMetrics[0]!.metrics[m]!;
const sumPoint = (request: Request) => metricOf(request, 0).sum!.dataPoints[0]!;
const histogram = (request: Request) => metricOf(request, 1).exponentialHistogram!.dataPoints[0]!;

describe('a message that is walked over', () => {
  test('gives the same rows, byte for byte, as the general decoder', () => {
    const walk = newWalker();
    fc.assert(
      fc.property(anyBatch, (any) => {
        const message = encodeSignalBatch(any);
        const expected = readInGeneral(message);
        const read = walk(message);
        if (isRegular(any)) assert.deepEqual(read, expected);
        else if (read !== undefined) assert.deepEqual(read, expected);
        assert.deepEqual(walk(message), read, 'from memory');
      }),
      { numRuns: 200 },
    );
  });

  test('is taken only when the general decoder takes it, and says the same, whatever happened to its bytes', () => {
    const walk = newWalker();
    const seen = { taken: 0, refused: 0 };
    const real = fc.constant(batch);
    fc.assert(
      fc.property(
        fc.oneof(real, anyBatch),
        fc.array(fc.array(mutation, { minLength: 1, maxLength: 2 }), { minLength: 8, maxLength: 16 }),
        (any, changes) => {
          const original = encodeSignalBatch(any);
          walk(original);
          for (const change of changes) {
            const message = change.reduce(mutated, original);
            const read = walk(message);
            const expected = readInGeneral(message);
            if (read !== undefined) assert.deepEqual(read, expected);
            if (expected === undefined) seen.refused += 1;
            else if (read !== undefined) seen.taken += 1;
          }
        },
      ),
      { numRuns: 300 },
    );
    assert.ok(seen.taken > 60 && seen.refused > 60, `says little: ${JSON.stringify(seen)}`);
  });

  const left: [string, Uint8Array][] = [
    ['a series twice', altered((r) => r.resourceMetrics.push(ownerOf(r)))],
    ['another scope', altered((r) => (ownerOf(r).scopeMetrics[0]!.scope!.name = 'other'))],
    ['a bucket of 2^28', altered((r) => bucketOf(r, 2 ** 28))],
    ['the fields in another order', reordered()],
    ['a field of a newer OTLP', Buffer.concat([encodeSignalBatch(batch), Buffer.from([0xa2, 0x06, 1, 1])])],
  ];
  for (const [what, message] of left) {
    test(`is left to the general decoder with ${what}`, () => {
      assert.equal(newWalker()(message), undefined);
      if (what !== 'a series twice') assert.notEqual(readInGeneral(message), undefined);
    });
  }

  const wrong: [string, (request: Request) => unknown][] = [
    ['a negative sum', (r) => (sumPoint(r).asInt = -1)],
    ['NaN', (r) => Object.assign(sumPoint(r), { asInt: undefined, asDouble: NaN })],
    ['an infinite sum', (r) => (histogram(r).sum = Infinity)],
    ['no value', (r) => (sumPoint(r).asInt = undefined)],
    ['cumulative', (r) => (metricOf(r, 0).sum!.aggregationTemporality = 2)],
    ['not monotonic', (r) => (metricOf(r, 0).sum!.isMonotonic = false)],
    ['another window', (r) => (sumPoint(r).timeUnixNano += 1n)],
    ['another scale', (r) => (histogram(r).scale = 4)],
    ['a bucket out of range', (r) => (histogram(r).positive!.offset = -241)],
    ['a count that is not the buckets', (r) => (histogram(r).count += 1)],
    ['a count without buckets', (r) => (histogram(r).positive = undefined)],
    ['negative buckets', (r) => (histogram(r).negative = { offset: 0, bucketCounts: [1] })],
    ['a kind that the catalogue denies', (r) => (metricOf(r, 1).name = 'packet.drops')],
    ['a point less than said', (r) => r.resourceMetrics.pop()],
    ['another host', (r) => (ownerOf(r).resource!.attributes[0]!.value!.stringValue = 'h2')],
    ['an attribute twice', (r) => sumPoint(r).attributes.push(sumPoint(r).attributes[0]!)],
    ['a name too long', (r) => (metricOf(r, 0).name = 'x'.repeat(257))],
  ];
  for (const [what, change] of wrong) {
    test(`is not taken with ${what}, with or without a memory of the sound one`, () => {
      const message = altered(change);
      assert.equal(readInGeneral(message), undefined);
      assert.equal(newWalker()(message), undefined);
      const walk = newWalker();
      assert.notEqual(walk(encodeSignalBatch(batch)), undefined);
      assert.equal(walk(message), undefined);
    });
  }

  test('is not read by what was remembered of another region or kind', () => {
    const walk = newWalker();
    const [first] = batch.points;
    assert.ok(first?.kind === 'sum');
    const own = { signal: 'own', owner: first.owner, attributes: {} };
    const sum = { ...own, kind: 'sum', value: 3 } as const;
    const buckets = { bucketIndexes: [], bucketCounts: [] };
    const histogram = {
      ...own,
      ...buckets,
      kind: 'exponential_histogram',
      count: 2,
      zeroCount: 2,
      sum: 0,
    } as const;
    const of = (region: string, point: Point) => {
      const ledger = { ...batch.ledger, emittedPoints: 1 };
      return encodeSignalBatch({ ...batch, host: { ...batch.host, region }, ledger, points: [point] });
    };
    // The host says another region, its owners' resources the same as before.
    const moved = altered((r) => {
      const region = r.resourceMetrics[0]!.resource!.attributes.find(({ key }) => key === 'cloud.region');
      region!.value!.stringValue = 'eu-9';
    });
    for (const message of [
      encodeSignalBatch(batch),
      moved,
      of('eu-1', sum),
      of('eu-2', sum),
      of('eu-2', histogram),
      of('eu-1', sum),
    ]) {
      const read = walk(message);
      assert.notEqual(read, undefined);
      assert.deepEqual(read, readInGeneral(message));
    }
  });

  test('is as deep as the general decoder takes it, and no deeper', () => {
    const taken: boolean[] = [];
    for (let depth = 0; depth < 16; depth += 1) {
      const message = altered((r) => ownerOf(r).resource!.attributes.push(nested(depth)));
      assert.deepEqual(newWalker()(message), readInGeneral(message), `nested ${depth} times`);
      taken.push(readInGeneral(message) !== undefined);
    }
    assert.ok(taken.includes(true) && taken.includes(false));
  });

  test('is left to the general decoder when a value is said again behind the attributes', () => {
    const walk = newWalker();
    assert.notEqual(walk(withTail(Buffer.alloc(0))), undefined);
    const again = Buffer.from([0x31, 9, 0, 0, 0, 0, 0, 0, 0]);
    assert.equal(walk(withTail(again)), undefined);
    assert.equal(readInGeneral(withTail(again))?.droppedPackets, 9);
  });

  test('is read the same when its host was forgotten', () => {
    const walk = newWalker(4_000);
    for (let host = 0; host < 20; host += 1) {
      for (const of of [host, 0]) {
        const message = encodeSignalBatch(signalBatch(of, 1, START_MS, batch.identity.run));
        assert.deepEqual(walk(message), readInGeneral(message));
      }
    }
  });
});

function bucketOf(request: Request, count: number): void {
  const point = histogram(request);
  point.positive = { offset: -100, bucketCounts: [count] };
  point.count = point.zeroCount + count;
}

/** The second of two entries of the host's resource first: sound, and not as agents write it. */
function reordered(): Uint8Array {
  const message = Buffer.from(encodeSignalBatch(batch));
  const [name, unit] = [
    Buffer.from('\n\x0cpacket.drops', 'latin1'),
    Buffer.from('\x1a\x08{packet}', 'latin1'),
  ];
  const at = message.indexOf(Buffer.concat([name, unit]));
  assert.ok(at > 0);
  Buffer.concat([unit, name]).copy(message, at);
  return message;
}

/** An attribute whose value is lists within lists. */
function nested(depth: number): KeyValue {
  let { value } = textOf('x');
  for (let i = 0; i < depth; i += 1) {
    value = { ...value!, stringValue: undefined, arrayValue: { values: [value!] } };
  }
  return { key: 'nested', value };
}

function textOf(stringValue: string): KeyValue {
  const none = { boolValue: undefined, intValue: undefined, doubleValue: undefined, arrayValue: undefined };
  return { key: 'text', value: { stringValue, ...none } };
}

/** The first point of the batch alone, with more bytes at its end. */
function withTail(tail: Uint8Array): Uint8Array {
  const ledger = { ...batch.ledger, emittedPoints: 1 };
  const points = batch.points.slice(0, 1);
  const request = decode(exportMetricsServiceRequest, encodeSignalBatch({ ...batch, ledger, points }));
  const { resource: of, scopeMetrics } = ownerOf(request);
  const { name, sum } = scopeMetrics[0]!.metrics[0]!;
  const point = Buffer.concat([encode(numberDataPoint, sum!.dataPoints[0]!), tail]);
  const data = field(7, field(1, point), Buffer.from([0x10, 1, 0x18, 1]));
  const measured = field(
    2,
    field(1, encode(scope, scopeMetrics[0]!.scope!)),
    field(2, field(1, Buffer.from(name)), data),
  );
  const head = encode(exportMetricsServiceRequest, { resourceMetrics: request.resourceMetrics.slice(0, 1) });
  return Buffer.concat([head, field(1, field(1, encode(resource, of!)), measured)]);
}

/** A field of bytes, shorter than 2^14. */
function field(number: number, ...parts: readonly Uint8Array[]): Uint8Array {
  const body = Buffer.concat(parts);
  return Buffer.concat([
    Buffer.from([(number << 3) | 2, (body.length & 0x7f) | 0x80, body.length >> 7]),
    body,
  ]);
}
