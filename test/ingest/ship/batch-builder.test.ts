import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import type { Owner } from '../../../common/wire/batch.js';
import { HistogramKind, Place, Way } from '../../../common/wire/frames.gen.js';
import { decodeEventBatch, decodeSignalBatch } from '../../../common/wire/otlp.js';
import type { Attribution } from '../../../ingest/attribute/attributor.js';
import { Ledger } from '../../../ingest/ledger/ledger.js';
import { BatchBuilder } from '../../../ingest/ship/batch-builder.js';
import { FrameParser } from '../../../ingest/source/frame-parser.js';
import { WindowAssembler, type Window } from '../../../ingest/source/window.js';
import * as frames from '../frames.js';

const ACME: Owner = { customer: 'acme', app: 'web', instance: 'web-1' };
const NOBODY: Owner = { customer: '', app: '', instance: '' };
const RUN = '3f2f4c0a-8a53-4d2c-9c39-0f6f6e1b2a11';

/** Namespace 7 is acme's; prefix 1 too. */
function attributionOf(subject: { netnsCookie: bigint; prefixId: number }): Attribution {
  if (subject.netnsCookie === 7n) return { owner: ACME, by: 'netns', contested: false };
  if (subject.prefixId === 1) return { owner: ACME, by: 'prefix', contested: false };
  return { owner: NOBODY, by: 'none', contested: false };
}

const NAMES = new Map<number, string>(Object.entries(frames.REASONS).map(([name, id]) => [id, name]));
const context = {
  attribute: {
    of: attributionOf,
    inHostNetns: ({ netnsCookie }: { netnsCookie: bigint }) => netnsCookie === frames.HOST_COOKIE,
  },
  reasonName: (id: number) => NAMES.get(id) ?? `REASON_${id}`,
  customers: ['acme'],
  goodbye: false,
};

function windowOf(...rows: Uint8Array[]): Window {
  const assembler = new WindowAssembler(1_000);
  const bytes = frames.concat([frames.window('begin', 0), ...rows, frames.window('end', 0)]);
  for (const frame of new FrameParser().push(bytes)) {
    const window = assembler.accept(frame);
    if (window !== undefined) return window;
  }
  return assert.fail('no window');
}

function builder(ledger = new Ledger(), maxMessageBytes = 1_000_000): BatchBuilder {
  return new BatchBuilder({
    host: { id: 'h1', name: 'one', region: 'eu' },
    run: RUN,
    ledger,
    maxMessageBytes,
  });
}

const acme = frames.subject({ netnsCookie: 7n });
const host = frames.subject({ netnsCookie: frames.HOST_COOKIE });

describe('batches', () => {
  test('an empty window makes an empty batch, which is the heartbeat', () => {
    const make = builder();
    const { parcel } = make.build(windowOf(), context);
    const batch = decodeSignalBatch(parcel.signalBytes);
    assert.deepEqual(batch, {
      host: { id: 'h1', name: 'one', region: 'eu' },
      identity: { hostId: 'h1', run: RUN, seq: 0 },
      windowStartMs: frames.EPOCH_MS,
      windowEndMs: frames.EPOCH_MS + 5_000,
      observedMs: 5_000,
      customers: ['acme'],
      goodbye: false,
      ledger: { emittedPoints: 0, lost: {}, unattributed: {} },
      points: [],
    });
    assert.equal(parcel.eventBytes, undefined);
    assert.equal(make.build(windowOf(), context).parcel.identity.seq, 1);
  });

  test('drops in words: owner, reason, cause, fault, place, way', () => {
    const { parcel } = builder().build(
      windowOf(
        frames.drops({ subject: acme, packets: 50, bytes: 3_000 }),
        frames.drops({ subject: acme, packets: 70, reason: frames.REASONS.NETFILTER_DROP, slot: 1 }),
        frames.drops({
          subject: { ...host, prefixId: 1 },
          packets: 5,
          reason: frames.REASONS.NETFILTER_DROP,
          place: Place.Forward,
          slot: 2,
        }),
        frames.drops({ subject: host, packets: 9, reason: 4_711, way: Way.None, slot: 3 }),
      ),
      context,
    );
    const batch = decodeSignalBatch(parcel.signalBytes);
    const packets = batch.points.flatMap((point) =>
      point.kind === 'sum' && point.signal === 'packet.drops'
        ? [[point.owner.customer, ...Object.values(point.attributes), point.value].join(' ')]
        : [],
    );
    assert.deepEqual(packets.sort(), [
      ' REASON_4711 unknown unknown input none 9',
      'acme NETFILTER_DROP policy customer input device 70',
      'acme NETFILTER_DROP policy platform forward prefix 5',
      'acme NO_SOCKET no_listener customer input device 50',
    ]);
    const bytes = batch.points.find((point) => point.signal === 'packet.drop.bytes');
    assert.ok(bytes?.kind === 'sum' && bytes.value === 3_000);
    assert.deepEqual(batch.ledger.unattributed, { 'packet.drops': 9, 'packet.drop.bytes': 900 });
    assert.equal(batch.ledger.emittedPoints, 8);
  });

  test('points of equal signal, owner and attributes are one', () => {
    const { parcel } = builder().build(
      windowOf(
        frames.drops({ subject: { ...acme, ifname: 'eth0' }, packets: 1 }),
        frames.drops({ subject: { ...acme, ifname: 'eth1' }, packets: 2, slot: 1 }),
        frames.histogram(acme, { [-50]: 2 }, 20),
        frames.histogram({ ...acme, cgroupId: 9n }, { [-50]: 1, [-40]: 1 }, 30, HistogramKind.TcpRtt, 1),
      ),
      context,
    );
    const points = decodeSignalBatch(parcel.signalBytes).points;
    assert.deepEqual(
      points.map(({ signal }) => signal),
      ['packet.drops', 'packet.drop.bytes', 'tcp.rtt'],
    );
    assert.ok(points[0]?.kind === 'sum' && points[0].value === 3);
    const rtt = points[2];
    assert.ok(rtt?.kind === 'exponential_histogram');
    assert.deepEqual([rtt.count, rtt.bucketIndexes, rtt.bucketCounts], [4, [-50, -40], [3, 1]]);
    assert.ok(Math.abs(rtt.sum - 0.05) < 1e-12);
  });

  test('TCP: retransmits, and failures by error', () => {
    const { parcel } = builder().build(windowOf(frames.tcp(acme, 3, [1, 2, 0, 4])), context);
    const points = decodeSignalBatch(parcel.signalBytes).points;
    assert.deepEqual(
      points.map((point) => [
        point.signal,
        point.attributes['error.type'],
        point.kind === 'sum' && point.value,
      ]),
      [
        ['tcp.retransmits', undefined, 3],
        ['tcp.connect.failures', 'refused', 1],
        ['tcp.connect.failures', 'timed_out', 2],
        ['tcp.connect.failures', 'other', 4],
      ],
    );
  });

  test('events with their 5-tuple, under the same identity', () => {
    const { parcel } = builder().build(windowOf(frames.dropEvent({ ...acme, ifname: 'eth0' })), context);
    assert.ok(parcel.eventBytes);
    const batch = decodeEventBatch(parcel.eventBytes);
    assert.deepEqual(batch.identity, parcel.identity);
    assert.deepEqual(batch.events, [
      {
        timeUnixNano: BigInt(frames.EPOCH_MS) * 1_000_000n,
        owner: ACME,
        reason: 'NO_SOCKET',
        cause: 'no_listener',
        fault: 'customer',
        place: 'input',
        way: 'device',
        protocol: 'udp',
        sourceAddress: '10.0.0.1',
        sourcePort: 40_000,
        destinationAddress: '10.0.0.2',
        destinationPort: 9,
        lengthBytes: 60,
        interfaceName: 'eth0',
      },
    ]);
  });

  test('a batch that is too large leaves points out, unattributed ones first, and says how many', () => {
    const ledger = new Ledger();
    const subjects = Array.from({ length: 40 }, (_, i) => (i % 2 === 0 ? acme : host));
    const rows = subjects.map((of, i) =>
      frames.drops({ subject: of, packets: 1, reason: 1_000 + i, slot: i }),
    );
    const { parcel } = builder(ledger, 8_000).build(windowOf(...rows), context);
    const batch = decodeSignalBatch(parcel.signalBytes);
    assert.ok(parcel.signalBytes.length <= 8_000);
    assert.ok(batch.points.length > 20 && batch.points.length < 80);
    assert.equal(batch.points.length + (batch.ledger.lost['message_too_large_points'] ?? 0), 80);
    assert.ok(batch.points.slice(0, 20).every(({ owner }) => owner.customer === 'acme'));
  });

  test('whatever the rows: packets in = packets of all points, owned or not', () => {
    const row = fc.record({
      owned: fc.boolean(),
      reason: fc.constantFrom(2, 3, 12, 99),
      place: fc.integer({ min: 0, max: 9 }),
      packets: fc.nat(1_000),
    });
    fc.assert(
      fc.property(fc.array(row, { maxLength: 40 }), (rows) => {
        const bytes = rows.map(({ owned, ...rest }, slot) =>
          frames.drops({ subject: owned ? acme : host, slot, bytes: 0, ...rest }),
        );
        const { parcel, unattributed } = builder().build(windowOf(...bytes), context);
        const batch = decodeSignalBatch(parcel.signalBytes);
        const sum = (points: typeof batch.points) =>
          points.reduce((total, point) => total + (point.kind === 'sum' ? point.value : 0), 0);
        const total = rows.reduce((all, { packets }) => all + packets, 0);
        assert.equal(sum(batch.points), total);
        assert.equal(
          sum(batch.points.filter(({ owner }) => owner.customer === '')),
          unattributed['packet.drops'] ?? 0,
        );
      }),
    );
  });
});
