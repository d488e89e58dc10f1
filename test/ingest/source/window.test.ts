import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { BellwetherError } from '../../../common/runtime/errors.js';
import { HistogramKind, LossCause } from '../../../common/wire/frames.gen.js';
import { CumulativeRows } from '../../../ingest/source/cumulative.js';
import { FrameParser } from '../../../ingest/source/frame-parser.js';
import { WindowAssembler, type Window } from '../../../ingest/source/window.js';
import * as frames from '../frames.js';

function assemble(assembler: WindowAssembler, bytes: readonly Uint8Array[]): Window[] {
  const parser = new FrameParser();
  const windows: Window[] = [];
  for (const frame of parser.push(frames.concat(bytes))) {
    const window = assembler.accept(frame);
    if (window !== undefined) windows.push(window);
  }
  return windows;
}

const inWindow = (nth: number, ...rows: Uint8Array[]) => [
  frames.window('begin', nth),
  ...rows,
  frames.window('end', nth),
];

describe('windows', () => {
  test('are differences of cumulative rows; the first counts from 0', () => {
    const windows = assemble(new WindowAssembler(10), [
      ...inWindow(0, frames.drops({ packets: 50 })),
      ...inWindow(1),
      ...inWindow(2, frames.drops({ packets: 70, bytes: 8_000 })),
    ]);
    assert.deepEqual(
      windows.map(({ drops }) => drops.map(({ packets, bytes }) => [packets, bytes])),
      [[[50, 5_000]], [], [[20, 3_000]]],
    );
    assert.deepEqual(
      windows.map(({ index, startMs, endMs, observedMs }) => [index, startMs, endMs, observedMs]),
      [0, 1, 2].map((nth) => [
        nth,
        frames.EPOCH_MS + nth * 5_000,
        frames.EPOCH_MS + (nth + 1) * 5_000,
        5_000,
      ]),
    );
  });

  test('a new generation of a slot starts from 0 again', () => {
    const [, second] = assemble(new WindowAssembler(10), [
      ...inWindow(0, frames.drops({ packets: 50 })),
      ...inWindow(1, frames.drops({ packets: 7, generation: 1 })),
    ]);
    assert.equal(second!.drops[0]!.packets, 7);
    assert.equal(second!.lost.size, 0);
  });

  test('a value that falls is counted as lost and is the new base', () => {
    const [, second, third] = assemble(new WindowAssembler(10), [
      ...inWindow(0, frames.drops({ packets: 50 })),
      ...inWindow(1, frames.drops({ packets: 49 })),
      ...inWindow(2, frames.drops({ packets: 51 })),
    ]);
    assert.deepEqual(second!.drops, []);
    assert.deepEqual([...second!.lost], [['counter_fell', 1]]);
    assert.equal(third!.drops[0]!.packets, 2);
  });

  test('two histograms may share a slot; the count is that of the buckets', () => {
    const [first, second] = assemble(new WindowAssembler(10), [
      ...inWindow(
        0,
        frames.histogram(frames.subject(), { [-50]: 2, [-48]: 1 }, 30),
        frames.histogram(frames.subject(), { [-20]: 1 }, 200, HistogramKind.TcpConnect),
      ),
      ...inWindow(1, frames.histogram(frames.subject(), { [-50]: 2, [-48]: 4 }, 75)),
    ]);
    assert.equal(first!.histograms.length, 2);
    const { count, sum, bucketIndexes, bucketCounts } = second!.histograms[0]!;
    assert.deepEqual(
      { count, sum, bucketIndexes, bucketCounts },
      { count: 3, sum: 0.045, bucketIndexes: [-48], bucketCounts: [3] },
    );
  });

  test('kernel losses are differences too, by name', () => {
    const [first, second, third] = assemble(new WindowAssembler(10), [
      ...inWindow(0, frames.loss(LossCause.EventRingFull, 5), frames.loss(LossCause.Recursion, 0)),
      ...inWindow(1, frames.loss(LossCause.EventRingFull, 5)),
      ...inWindow(2, frames.loss(LossCause.EventRingFull, 6), frames.loss(77, 2)),
    ]);
    assert.deepEqual([...first!.lost], [['event_ring_full', 5]]);
    assert.deepEqual([...second!.lost], []);
    assert.deepEqual(
      [...third!.lost],
      [
        ['event_ring_full', 1],
        ['kernel_loss_77', 2],
      ],
    );
  });

  test('events of any time belong to the window under way; more than the limit are counted', () => {
    const event = frames.dropEvent(frames.subject());
    const [first, second] = assemble(new WindowAssembler(2), [
      event,
      ...inWindow(0, event, event),
      ...inWindow(1),
    ]);
    assert.equal(first!.events.length, 2);
    assert.deepEqual([...first!.lost], [['event_limit', 1]]);
    assert.equal(second!.events.length, 0);
  });

  test('rows outside a window, and an end of another window, are frame_invalid', () => {
    for (const bytes of [
      [frames.drops({ packets: 1 })],
      [frames.window('begin', 0), frames.window('begin', 1)],
      [frames.window('begin', 0), frames.window('end', 1)],
    ]) {
      assert.throws(
        () => assemble(new WindowAssembler(2), bytes),
        (error) => error instanceof BellwetherError && error.code === 'frame_invalid',
      );
    }
  });

  test('the sum of the differences is the last reading, whatever was skipped', () => {
    const step = fc.record({
      slot: fc.nat(3),
      grow: fc.array(fc.nat(2 ** 30), { minLength: 3, maxLength: 3 }),
    });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        const rows = new CumulativeRows();
        const readings = new Map<number, bigint[]>();
        const sums = new Map<number, number[]>();
        for (const { slot, grow } of steps) {
          const reading = (readings.get(slot) ?? [0n, 0n, 0n]).map((value, i) => value + BigInt(grow[i]!));
          readings.set(slot, reading);
          const deltas = rows.advance(slot, 0, BigUint64Array.from(reading));
          assert.ok(deltas !== 'fell');
          sums.set(
            slot,
            (sums.get(slot) ?? [0, 0, 0]).map((sum, i) => sum + deltas[i]!),
          );
        }
        for (const [slot, reading] of readings) assert.deepEqual(sums.get(slot), reading.map(Number));
      }),
    );
  });
});
