import { setTimeout as sleep } from 'node:timers/promises';
import { BellwetherError } from '../../common/runtime/errors.js';
import type { Frame, FrameBody } from './frame.js';
import { readRecording, type RecordedFrame } from './recording.js';
import type { FrameSource } from './source.js';

export interface ReplayOptions {
  readonly path: string;
  /** `loop`: at the pace of the recording, again and again. `once`: through it as fast as it is read. */
  readonly mode: 'loop' | 'once';
  readonly nowUnixNs?: () => bigint;
}

const NS_PER_MS = 1_000_000n;

/**
 * Replays a recording as if it happened now: times are moved by whole windows, so that they stay aligned, and
 * counters go on from loop to loop, so that they stay cumulative.
 */
export class ReplaySource implements FrameSource {
  readonly #options: ReplayOptions;
  readonly #now: () => bigint;
  readonly #closing = new AbortController();
  readonly #hurrying = new AbortController();
  #finishing = false;

  constructor(options: ReplayOptions) {
    this.#options = options;
    this.#now = options.nowUnixNs ?? (() => BigInt(Date.now()) * NS_PER_MS);
  }

  async *frames(): AsyncGenerator<Frame> {
    const recorded = await readRecording(this.#options.path);
    const plan = planOf(this.#options.path, recorded);
    const once = this.#options.mode === 'once';
    // Once: the last window ends now, for nothing may lie in the future. Looping: the first begins now.
    const reference = once ? plan.end : plan.start;
    const now = this.#now();
    let ns = now - (now % plan.window) - (reference - (reference % plan.window));
    const losses = new Map<number, bigint>();
    for (let loop = 0; ; loop++) {
      const shift = {
        ns,
        windows: BigInt(loop) * plan.windows,
        generations: loop * plan.generations,
        losses: new Map(losses),
      };
      for (const { arrivalUnixNs, frame } of recorded) {
        if (!once) await this.#until(arrivalUnixNs + ns);
        if (this.#closing.signal.aborted) return;
        const moved = shiftFrame(frame, shift);
        if (moved.type === 'loss') losses.set(moved.body.cause, moved.body.count);
        if (loop === 0 || (moved.type !== 'hello' && moved.type !== 'reason'))
          yield { ...moved, raw: frame.raw };
        if (this.#finishing && frame.type === 'window_end') return;
      }
      if (once) return;
      ns += plan.end - plan.start;
    }
  }

  send(): void {
    // Nobody is at the other end.
  }

  /** Gives the rest of the window that is under way at once. */
  finish(): void {
    this.#finishing = true;
    this.#hurrying.abort();
  }

  close(): void {
    this.#closing.abort();
    this.#hurrying.abort();
  }

  async #until(unixNs: bigint): Promise<void> {
    const delay = Number((unixNs - this.#now()) / NS_PER_MS);
    if (delay > 0) await sleep(delay, undefined, { signal: this.#hurrying.signal }).catch(() => undefined);
  }
}

interface Plan {
  readonly start: bigint;
  readonly end: bigint;
  /** Length of a window, nanoseconds. */
  readonly window: bigint;
  readonly windows: bigint;
  /** More than any generation of a slot in the recording. */
  readonly generations: number;
}

function planOf(path: string, recorded: readonly RecordedFrame[]): Plan {
  const windows = recorded.flatMap(({ frame }) => (frame.type === 'window_end' ? [frame.body] : []));
  const first = windows[0];
  const last = windows.at(-1);
  if (first === undefined || last === undefined || recorded[0]?.frame.type !== 'hello') {
    throw new BellwetherError(
      'config_invalid',
      `${path} holds no whole window that begins with a HELLO frame`,
    );
  }
  let generations = 1;
  for (const { frame } of recorded) {
    if ('generation' in frame.body) generations = Math.max(generations, frame.body.generation + 1);
  }
  return {
    generations,
    start: first.startUnixNs,
    end: last.endUnixNs,
    window: first.endUnixNs - first.startUnixNs,
    windows: last.sequence - first.sequence + 1n,
  };
}

/** How the frames of one loop differ from the recorded ones. */
interface Shift {
  readonly ns: bigint;
  readonly windows: bigint;
  readonly generations: number;
  /** What each loss counter had reached before this loop. */
  readonly losses: ReadonlyMap<number, bigint>;
}

function shiftFrame(frame: Frame, shift: Shift): FrameBody {
  // A new generation starts from 0, as the recording does. (Adding up what a slot had reached would be wrong
  // where the slot changed hands within the recording.)
  const generation = (recorded: number) => (recorded + shift.generations) >>> 0;
  switch (frame.type) {
    case 'hello':
      return { type: 'hello', body: { ...frame.body, startUnixNs: frame.body.startUnixNs + shift.ns } };
    case 'window_begin':
    case 'window_end': {
      const { sequence, startUnixNs, endUnixNs, observedNs } = frame.body;
      return {
        type: frame.type,
        body: {
          sequence: sequence + shift.windows,
          startUnixNs: startUnixNs + shift.ns,
          endUnixNs: endUnixNs + shift.ns,
          observedNs,
        },
      };
    }
    case 'drops':
      return { type: 'drops', body: { ...frame.body, generation: generation(frame.body.generation) } };
    case 'tcp':
      return { type: 'tcp', body: { ...frame.body, generation: generation(frame.body.generation) } };
    case 'histogram':
      return { type: 'histogram', body: { ...frame.body, generation: generation(frame.body.generation) } };
    case 'loss': {
      const { cause, count } = frame.body;
      return { type: 'loss', body: { cause, count: count + (shift.losses.get(cause) ?? 0n) } };
    }
    case 'drop_event':
      return { type: 'drop_event', body: { ...frame.body, timeUnixNs: frame.body.timeUnixNs + shift.ns } };
    case 'reason':
    case 'netns':
      return frame;
  }
}
