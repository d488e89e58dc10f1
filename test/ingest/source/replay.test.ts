import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm, truncate, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { BellwetherError } from '../../../common/runtime/errors.js';
import { LossCause } from '../../../common/wire/frames.gen.js';
import { FrameParser } from '../../../ingest/source/frame-parser.js';
import { readRecording, Recorder } from '../../../ingest/source/recording.js';
import { ReplaySource } from '../../../ingest/source/replay-source.js';
import { WindowAssembler, type Window } from '../../../ingest/source/window.js';
import * as frames from '../frames.js';

const NS = 1_000_000n;
const BYTES = [
  frames.hello(),
  ...frames.reasons(),
  frames.netns('/run/netns/acme', 7n),
  frames.window('begin', 0),
  frames.drops({ packets: 50 }),
  frames.loss(LossCause.Recursion, 4),
  frames.window('end', 0),
  frames.dropEvent(frames.subject(), undefined, frames.EPOCH_MS + 6_000),
  frames.window('begin', 1),
  frames.drops({ packets: 3, generation: 1 }),
  frames.loss(LossCause.Recursion, 5),
  frames.window('end', 1),
];

describe('recording and replay', () => {
  let directory = '';
  before(async () => {
    directory = await mkdtemp(join(tmpdir(), 'bellwether-replay-'));
  });
  after(async () => rm(directory, { recursive: true }));

  async function record(name: string, maxBytes = 1_000_000): Promise<string> {
    const path = join(directory, name);
    const recorder = new Recorder(path, maxBytes);
    let arrival = BigInt(frames.EPOCH_MS) * NS;
    for (const frame of new FrameParser().push(frames.concat(BYTES))) {
      // A window's rows come a little after its end.
      if (frame.type === 'window_begin') arrival = frame.body.endUnixNs + 2n * NS;
      await recorder.write(frame, arrival);
    }
    await recorder.close();
    return path;
  }

  async function windowsOf(source: ReplaySource, count: number): Promise<Window[]> {
    const assembler = new WindowAssembler(10);
    const windows: Window[] = [];
    for await (const frame of source.frames()) {
      const window = assembler.accept(frame);
      if (window !== undefined && windows.push(window) === count) source.close();
    }
    return windows;
  }

  for (const name of ['plain.rec', 'packed.rec.gz']) {
    test(`${name}: what is read is what was recorded`, async () => {
      const recorded = await readRecording(await record(name));
      assert.deepEqual(frames.concat(recorded.map(({ frame }) => frame.raw)), frames.concat(BYTES));
    });
  }

  test('is gzip when the name says so', async () => {
    assert.deepEqual([...(await readFile(await record('again.gz'))).subarray(0, 2)], [0x1f, 0x8b]);
  });

  test('a recording that was cut gives the whole frames before the cut', async () => {
    for (const name of ['cut.rec', 'cut.rec.gz']) {
      const path = await record(name);
      await truncate(path, (await stat(path)).size - 20);
      const recorded = await readRecording(path);
      assert.ok(recorded.length > 0 && recorded.length <= BYTES.length, `${name}: ${recorded.length}`);
    }
  });

  test('stops at its size, at the end of a window', async () => {
    const recorded = await readRecording(await record('small.rec', 10));
    assert.equal(recorded.at(-1)?.frame.type, 'window_end');
    assert.equal(recorded.filter(({ frame }) => frame.type === 'window_end').length, 1);
  });

  test('a file that cannot be written is told once, and then nothing is recorded', async () => {
    const recorder = new Recorder(join(directory, 'absent', 'x.rec'), 1_000_000);
    const [frame] = new FrameParser().push(frames.hello());
    await assert.rejects(async () => {
      for (let i = 0; i < 10_000; i++) await recorder.write(frame!, 0n);
    }, /ENOENT/);
    assert.equal(await recorder.write(frame!, 0n), false);
    await recorder.close();
  });

  test('what is no recording is refused by name', async () => {
    await assert.rejects(
      readRecording(join(directory, 'absent.rec')),
      (error) => error instanceof BellwetherError && /absent\.rec cannot be read/.test(error.message),
    );
    await assert.rejects(readRecording('/proc/self/status'), /is not a recording of frames/);
  });

  test('once: as fast as it is read, moved so that its last window ends now', async () => {
    const nowMs = 1_800_000_003_210;
    const path = await record('once.rec');
    const source = new ReplaySource({ path, mode: 'once', nowUnixNs: () => BigInt(nowMs) * NS });
    const windows = await windowsOf(source, 99);
    assert.deepEqual(
      windows.map(({ startMs, endMs }) => [startMs, endMs]),
      [
        [1_799_999_990_000, 1_799_999_995_000],
        [1_799_999_995_000, 1_800_000_000_000],
      ],
    );
    assert.deepEqual(
      windows.map(({ drops }) => drops[0]?.packets),
      [50, 3],
    );
    assert.equal(windows[1]!.events[0]!.timeUnixNs, BigInt(1_799_999_996_000) * NS);
  });

  test('loops at the pace of the recording, counters going on, times and sequence too', async () => {
    let nowMs = 1_800_000_000_000;
    // A clock that jumps: the sleeps of the source are as long as it says, which is never.
    const source = new ReplaySource({
      path: await record('loop.rec'),
      mode: 'loop',
      nowUnixNs: () => BigInt((nowMs += 5_000)) * NS,
    });
    const windows = await windowsOf(source, 6);
    assert.deepEqual(
      windows.map(({ drops }) => drops[0]?.packets),
      [50, 3, 50, 3, 50, 3],
    );
    // Losses have no generation: from loop to loop they grow.
    assert.deepEqual(
      windows.map(({ lost }) => lost.get('recursion')),
      [4, 1, 4, 1, 4, 1],
    );
    assert.ok(windows.every(({ lost }) => !lost.has('counter_fell')));
    for (const [i, window] of windows.slice(1).entries()) assert.equal(window.startMs, windows[i]!.endMs);
  });

  test('at real-time pace a window comes when it is over, and finish gives the rest at once', async () => {
    const path = await record('pace.rec');
    const started = Date.now();
    const source = new ReplaySource({ path, mode: 'loop' });
    setTimeout(() => source.finish(), 50);
    const windows = await windowsOf(source, 1);
    assert.equal(windows.length, 1);
    assert.ok(Date.now() - started < 2_000, 'finish did not hurry');
    assert.ok(Math.abs(windows[0]!.startMs - started) <= 5_000);
  });
});
