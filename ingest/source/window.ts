import { BellwetherError } from '../../common/runtime/errors.js';
import {
  HISTOGRAM_MIN_INDEX,
  type DropEventFrame,
  type DropsFrame,
  type HistogramFrame,
  type LossFrame,
  type SubjectFrame,
  type TcpFrame,
  type WindowFrame,
} from '../../common/wire/frames.gen.js';
import { CumulativeRows } from './cumulative.js';
import type { FrameBody } from './frame.js';
import { lossName } from './names.js';

export interface DropsDelta {
  readonly subject: SubjectFrame;
  readonly reason: number;
  readonly place: number;
  readonly way: number;
  readonly packets: number;
  readonly bytes: number;
}

export interface TcpDelta {
  readonly subject: SubjectFrame;
  readonly retransmits: number;
  /** In the order of `enum bw_connect_error`. */
  readonly connectFailures: readonly number[];
}

export interface HistogramDelta {
  readonly subject: SubjectFrame;
  readonly kind: number;
  readonly count: number;
  readonly zeroCount: number;
  /** Seconds. */
  readonly sum: number;
  readonly bucketIndexes: readonly number[];
  readonly bucketCounts: readonly number[];
}

/** What the kernel saw in one window, as differences. */
export interface Window {
  /** Counts the windows of this agent from 0; ownership intervals are kept in it. */
  readonly index: number;
  readonly startMs: number;
  readonly endMs: number;
  readonly observedMs: number;
  readonly drops: readonly DropsDelta[];
  readonly tcp: readonly TcpDelta[];
  readonly histograms: readonly HistogramDelta[];
  readonly events: readonly DropEventFrame[];
  /** What was lost in this window, by cause. */
  readonly lost: ReadonlyMap<string, number>;
}

const NS_PER_MS = 1_000_000n;
const NS_PER_SECOND = 1e9;

class OpenWindow {
  readonly drops: DropsDelta[] = [];
  readonly tcp: TcpDelta[] = [];
  readonly histograms: HistogramDelta[] = [];
  constructor(readonly begin: WindowFrame) {}
}

/** Frames between WINDOW_BEGIN and WINDOW_END, and events of any time, into windows of differences. */
export class WindowAssembler {
  readonly #maxEvents: number;
  readonly #drops = new CumulativeRows();
  readonly #tcp = new CumulativeRows();
  /** By kind: two histograms of one subject may share a slot number. */
  readonly #histograms = new Map<number, CumulativeRows>();
  readonly #losses = new CumulativeRows();
  #open: OpenWindow | undefined;
  #events: DropEventFrame[] = [];
  #lost = new Map<string, number>();
  #index = 0;
  /** Length of a window by HELLO, milliseconds; undefined before it. */
  #windowMs: number | undefined;

  /** @param maxEvents sampled drops kept in a window; more are counted as lost, cause `event_limit` */
  constructor(maxEvents: number) {
    this.#maxEvents = maxEvents;
  }

  /** Number of the window that is not finished yet. */
  get index(): number {
    return this.#index;
  }

  /**
   * Takes a frame.
   * @returns the window that it ends, if it does
   * @throws BellwetherError `frame_invalid` when rows or ends stand outside a window
   */
  accept(frame: FrameBody): Window | undefined {
    switch (frame.type) {
      case 'window_begin':
        if (this.#open !== undefined)
          throw disorder('WINDOW_BEGIN', `window ${this.#open.begin.sequence} is open`);
        this.#open = new OpenWindow(frame.body);
        return undefined;
      case 'drops':
        this.#addDrops(this.#within('DROPS'), frame.body);
        return undefined;
      case 'tcp':
        this.#addTcp(this.#within('TCP'), frame.body);
        return undefined;
      case 'histogram':
        this.#addHistogram(this.#within('HISTOGRAM'), frame.body);
        return undefined;
      case 'loss':
        this.#within('LOSS');
        this.#addLoss(frame.body);
        return undefined;
      case 'window_end':
        return this.#end(this.#within('WINDOW_END'), frame.body);
      case 'drop_event':
        if (this.#events.length < this.#maxEvents) this.#events.push(frame.body);
        else this.#lose('event_limit', 1);
        return undefined;
      case 'hello':
        this.#windowMs = frame.body.windowMs > 0 ? frame.body.windowMs : undefined;
        return undefined;
      case 'reason':
      case 'netns':
        return undefined;
    }
  }

  #within(type: string): OpenWindow {
    if (this.#open === undefined) throw disorder(type, 'no window is open');
    return this.#open;
  }

  #lose(cause: string, count: number): void {
    this.#lost.set(cause, (this.#lost.get(cause) ?? 0) + count);
  }

  #advance(
    rows: CumulativeRows,
    slot: number,
    generation: number,
    values: BigUint64Array,
  ): number[] | undefined {
    const deltas = rows.advance(slot, generation, values);
    if (deltas !== 'fell') return deltas;
    this.#lose('counter_fell', 1);
    return undefined;
  }

  #addDrops(open: OpenWindow, row: DropsFrame): void {
    const deltas = this.#advance(
      this.#drops,
      row.slot,
      row.generation,
      BigUint64Array.of(row.packets, row.bytes),
    );
    if (deltas === undefined) return;
    const [packets = 0, bytes = 0] = deltas;
    const { subject, reason, place, way } = row;
    if (packets > 0 || bytes > 0) open.drops.push({ subject, reason, place, way, packets, bytes });
  }

  #addTcp(open: OpenWindow, row: TcpFrame): void {
    const values = BigUint64Array.of(row.retransmits, ...row.connectFailures);
    const deltas = this.#advance(this.#tcp, row.slot, row.generation, values);
    if (deltas === undefined) return;
    const [retransmits = 0, ...connectFailures] = deltas;
    if (deltas.some((delta) => delta > 0))
      open.tcp.push({ subject: row.subject, retransmits, connectFailures });
  }

  #addHistogram(open: OpenWindow, row: HistogramFrame): void {
    const rows = this.#histograms.get(row.kind) ?? new CumulativeRows();
    this.#histograms.set(row.kind, rows);
    const values = new BigUint64Array(row.buckets.length + 2);
    values[0] = row.zeroCount;
    values[1] = row.sumNs;
    values.set(row.buckets, 2);
    const deltas = this.#advance(rows, row.slot, row.generation, values);
    if (deltas === undefined) return;
    const [zeroCount = 0, sumNs = 0] = deltas;
    const bucketIndexes: number[] = [];
    const bucketCounts: number[] = [];
    // The loader reads a row while the kernel writes it, so `count` and the buckets may differ by the values
    // of that moment. The buckets are what a reader computes with, so the count is theirs: a value whose
    // bucket was read too early comes in the next window.
    let count = zeroCount;
    for (let i = 2; i < deltas.length; i++) {
      const delta = deltas[i] ?? 0;
      if (delta === 0) continue;
      bucketIndexes.push(HISTOGRAM_MIN_INDEX + i - 2);
      bucketCounts.push(delta);
      count += delta;
    }
    if (count === 0) return;
    const sum = sumNs / NS_PER_SECOND;
    open.histograms.push({
      subject: row.subject,
      kind: row.kind,
      count,
      zeroCount,
      sum,
      bucketIndexes,
      bucketCounts,
    });
  }

  #addLoss(row: LossFrame): void {
    const [count = 0] = this.#advance(this.#losses, row.cause, 0, BigUint64Array.of(row.count)) ?? [];
    if (count > 0) this.#lose(lossName(row.cause), count);
  }

  #end(open: OpenWindow, end: WindowFrame): Window {
    const { begin } = open;
    if (
      end.sequence !== begin.sequence ||
      end.startUnixNs !== begin.startUnixNs ||
      end.endUnixNs <= end.startUnixNs
    ) {
      throw disorder('WINDOW_END', `it ends window ${end.sequence}, but ${begin.sequence} is open`);
    }
    const endMs = Number(end.endUnixNs / NS_PER_MS);
    // A loader that was late, or whose outbox was full, closes several windows in one: its counts go to the
    // last, the ones before stay missing. A longer window would not be aligned to its own length.
    const startMs = Math.max(
      Number(end.startUnixNs / NS_PER_MS),
      endMs - (this.#windowMs ?? Number.POSITIVE_INFINITY),
    );
    const window: Window = {
      index: this.#index,
      startMs,
      endMs,
      // A timer that fires late has not watched a window for longer than the window lasts.
      observedMs: Math.min(Number(end.observedNs / NS_PER_MS), endMs - startMs),
      drops: open.drops,
      tcp: open.tcp,
      histograms: open.histograms,
      events: this.#events,
      lost: this.#lost,
    };
    this.#open = undefined;
    this.#events = [];
    this.#lost = new Map();
    this.#index += 1;
    return window;
  }
}

function disorder(type: string, why: string): BellwetherError {
  return new BellwetherError('frame_invalid', `a ${type} frame is out of order: ${why}`);
}
