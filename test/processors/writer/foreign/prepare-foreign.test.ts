import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { describe, it } from 'node:test';
import type { ReceivedMessage } from '../../../../common/kafka/consumer.js';
import { encodeForeign, takePoints, type ForeignRequest } from '../../../../common/wire/foreign/index.js';
import type { ForeignMetric, KeyValue } from '../../../../common/wire/foreign/schema.js';
import { mergeBySeries } from '../../../../processors/writer/foreign/merge.js';
import { foreignSource, ForeignSeriesHasher } from '../../../../processors/writer/foreign/series.js';
import { SeriesHasher } from '../../../../processors/writer/identity.js';
import { Preparer, type Item } from '../../../../processors/writer/prepare.js';
import { SIGNALS_TOPIC } from '../../../../schema/topics.js';
import {
  CUMULATIVE,
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
} from '../../../common/wire/foreign/requests.js';

const HOUR_MS = 3_600_000;
const message = (content: ForeignRequest | Uint8Array, offset = 7): ReceivedMessage => ({
  topic: SIGNALS_TOPIC,
  partition: 1,
  offset,
  timestampMs: END_MS,
  key: null,
  value: content instanceof Uint8Array ? content : encodeForeign(content),
  headers: {},
});
const prepare = (content: ForeignRequest | Uint8Array, offset?: number): Item =>
  new Preparer(48 * HOUR_MS, new SeriesHasher()).prepare(message(content, offset));
const preparedOf = (content: ForeignRequest) => {
  const item = prepare(content);
  assert.ok(item.kind === 'prepared');
  return item;
};
const at = (milliseconds: number) =>
  number({ startTimeUnixNano: nanoseconds(milliseconds), timeUnixNano: nanoseconds(milliseconds) });

describe('a message of anyone', () => {
  it('becomes rows of samples and touches the minutes that they lie in; it has no batch', () => {
    const attributes = [text('host.name', 'vm-1')];
    const item = preparedOf(request([gauge([at(END_MS), at(END_MS - 120_000), at(END_MS - 1)])], attributes));
    assert.deepEqual(Object.keys(item.tables), ['foreign']);
    assert.equal(item.tables.foreign?.rows, 3);
    assert.equal(item.window, undefined);
    assert.deepEqual(item.minutes, [START_MS, START_MS - 120_000]);
    assert.deepEqual(item.hosts, ['vm-1']);
    assert.equal(item.partly, undefined);
    assert.deepEqual(item.foreign, { points: 3, withoutValue: 0, refusals: [] });
  });

  it('is the same wherever its bytes stand, and after whatever was read before', () => {
    const content = request([gauge([number()]), sum([number()])]);
    const one = new Preparer(48 * HOUR_MS, new SeriesHasher());
    one.prepare(message(request([{ ...gauge([number()]), name: 'tcp.rtt' }])));
    one.prepare(message(Buffer.from('garbage')));
    const bytesOf = (item: Item) => (item.kind === 'prepared' ? item.tables.foreign?.bytes : undefined);
    assert.notEqual(bytesOf(prepare(content)), undefined);
    assert.deepEqual(bytesOf(one.prepare(message(content, 9))), bytesOf(prepare(content, 7)));
    const value = Buffer.from('x');
    assert.equal(foreignSource(value), createHash('sha256').update(value).digest().readBigUInt64LE(0));
  });

  it('is stored in part when only part of it can be taken, and dead-lettered whole', () => {
    const item = preparedOf(
      request([
        gauge([at(END_MS), at(END_MS - 49 * HOUR_MS), at(END_MS + 300_001)]),
        { ...sum([number()]), name: 'tcp.rtt' },
      ]),
    );
    assert.equal(item.tables.foreign?.rows, 1);
    assert.equal(item.partly?.reason, 'partly_taken');
    assert.match(
      item.partly.detail,
      /^too_old: 1 points, first .*too_new: 1 points.*reserved_name: 1 points/,
    );
    assert.deepEqual(
      item.foreign?.refusals.map(({ reason }) => reason),
      ['too_old', 'too_new', 'reserved_name'],
    );
  });

  it('is dead-lettered when nothing of it can be taken, with the reason', () => {
    const all = prepare(request([metric({ summary: { dataPoints: [{}, {}] } })]));
    assert.ok(all.kind === 'refused');
    assert.equal(all.reason, 'kind_unsupported');
    assert.equal(all.foreign?.refusals[0]?.points, 2);
    const garbage = prepare(Buffer.from('no protobuf'));
    assert.ok(garbage.kind === 'refused');
    assert.equal(garbage.reason, 'unreadable');
  });

  it('that has nothing to say is stored as nothing', () => {
    assert.equal(preparedOf(request([])).rows, 0);
    assert.equal(preparedOf(request([gauge([number({ flags: 1 })])])).rows, 0);
  });

  it('says what was wrong within what a header holds', () => {
    const long = 'x'.repeat(100_000);
    const item = prepare(request([{ ...gauge([number()]), name: long }]));
    assert.ok(item.kind === 'refused' && item.detail.length < 1_000);
  });
});

describe('points of one series and time', () => {
  const hasher = new ForeignSeriesHasher();
  const merged = (...metrics: ForeignMetric[]) =>
    mergeBySeries(takePoints(request(metrics)).points, hasher).map(({ point }) => point);

  it('are added when they are deltas', () => {
    const [total, ...more] = merged(sum([number({ asDouble: 1 }), number({ asDouble: 2.5 })]));
    assert.deepEqual([total!.value, more.length], [3.5, 0]);
    const [buckets] = merged(histogram([explicit(), explicit()]));
    assert.deepEqual([buckets!.count, buckets!.sum, buckets!.bucketCounts], [12, 19, [2, 4, 6]]);
    const [fine] = merged(
      exponentialHistogram([exponential(), exponential({ positive: { offset: -1, bucketCounts: [5] } })]),
    );
    assert.deepEqual([fine!.zeroCount, fine!.bucketIndexes, fine!.bucketCounts], [2, [-2, -1, 0], [2, 5, 3]]);
  });

  it('are the last one when they are observations', () => {
    const two = [number({ asDouble: 1 }), number({ asDouble: 2 })];
    for (const content of [gauge(two), sum(two, CUMULATIVE)]) {
      assert.deepEqual(
        merged(content).map(({ value }) => value),
        [2],
      );
    }
  });

  it('that add up to no number make the message unreadable', () => {
    const huge = number({ asDouble: 1.7e308 });
    const item = prepare(request([sum([huge, huge])]));
    assert.ok(item.kind === 'refused' && item.reason === 'unreadable');
  });
});

describe('a series of anyone', () => {
  const hasher = new ForeignSeriesHasher();
  const seriesOf = (content: ForeignMetric, attributes: KeyValue[] = [text('service.name', 'shop')]) =>
    hasher.seriesOf(takePoints(request([content], attributes)).points[0]!);
  const bounds = (explicitBounds: number[]) => histogram([explicit({ explicitBounds })]);

  it('is another one by each thing that identifies it, and by nothing else', () => {
    const labelled = (...attributes: KeyValue[]) => gauge([number({ attributes })]);
    const [a, b] = [text('a', '1'), text('b', '2')];
    assert.equal(seriesOf(labelled(a, b)), seriesOf(labelled(b, a)));
    assert.equal(
      seriesOf(gauge([number()])),
      seriesOf(gauge([number({ asDouble: 9, timeUnixNano: 10n ** 18n, startTimeUnixNano: 0n })])),
    );
    const all = [
      seriesOf(gauge([number()])),
      seriesOf(labelled(a)),
      seriesOf({ ...gauge([number()]), name: 'other' }),
      seriesOf({ ...gauge([number()]), unit: 'By' }),
      seriesOf(sum([number()])),
      seriesOf(sum([number()], CUMULATIVE)),
      seriesOf(bounds([0.5, 1])),
      seriesOf(bounds([0.5, 2])),
      seriesOf(gauge([number()]), [text('service.name', 'other')]),
      seriesOf(gauge([number()]), [text('service.name', 'shop'), text('bellwether.customer', 'acme')]),
      seriesOf(gauge([number()]), [text('service.name', 'shop'), text('host.id', 'h')]),
      seriesOf(gauge([number()]), [text('service.name', 'shop'), text('service.instance.id', 'i')]),
    ];
    assert.equal(new Set(all).size, all.length);
  });
});
