import {
  encodeDropEventFrame,
  encodeDropsFrame,
  encodeHelloFrame,
  encodeHistogramFrame,
  encodeLossFrame,
  encodeNetnsFrame,
  encodeReasonFrame,
  encodeTcpFrame,
  encodeWindowFrame,
  FrameType,
  HISTOGRAM_BUCKETS,
  HISTOGRAM_MIN_INDEX,
  HistogramKind,
  Place,
  Way,
  type SubjectFrame,
} from '../../common/wire/frames.gen.js';
import { packFrame } from '../../ingest/source/frame.js';

/** Frames as a loader would write them, through the generated codec. */

export const HOST_COOKIE = 1n;
export const WINDOW_MS = 5_000;
/** An aligned time, Unix milliseconds. */
export const EPOCH_MS = 1_700_000_000_000;
export const REASONS = { NO_SOCKET: 3, NETFILTER_DROP: 12, NOT_SPECIFIED: 2 } as const;

export function subject(change: Partial<SubjectFrame> = {}): SubjectFrame {
  return { netnsCookie: 0n, cgroupId: 0n, ifindex: 0, prefixId: 0, ifname: '', ...change };
}

export function hello(windowMs = WINDOW_MS): Uint8Array {
  const body = {
    hostNetnsCookie: HOST_COOKIE,
    startUnixNs: 0n,
    cpus: 2,
    windowMs,
    kernelRelease: '6.18.0-test',
  };
  return packFrame(FrameType.Hello, encodeHelloFrame(body));
}

export function reasons(names: Readonly<Record<string, number>> = REASONS): Uint8Array[] {
  return Object.entries(names).map(([name, id]) =>
    packFrame(FrameType.Reason, encodeReasonFrame({ id, name })),
  );
}

export function netns(path: string, netnsCookie: bigint, gone = false): Uint8Array {
  return packFrame(
    FrameType.Netns,
    encodeNetnsFrame({ path, netnsCookie, netnsInode: 4_026_531_840, gone: gone ? 1 : 0 }),
  );
}

/** Begin or end of the nth window after `EPOCH_MS`; of `span` windows that the loader closes in one. */
export function window(edge: 'begin' | 'end', nth: number, observedMs = WINDOW_MS, span = 1): Uint8Array {
  const start = BigInt(EPOCH_MS + nth * WINDOW_MS) * 1_000_000n;
  const body = {
    sequence: BigInt(nth),
    startUnixNs: start,
    endUnixNs: start + BigInt(span * WINDOW_MS) * 1_000_000n,
    observedNs: BigInt(observedMs) * 1_000_000n,
  };
  return packFrame(edge === 'begin' ? FrameType.WindowBegin : FrameType.WindowEnd, encodeWindowFrame(body));
}

export interface DropsRow {
  readonly subject?: SubjectFrame;
  readonly reason?: number;
  readonly place?: number;
  readonly way?: number;
  readonly slot?: number;
  readonly generation?: number;
  readonly packets: number;
  readonly bytes?: number;
}

export function drops(row: DropsRow): Uint8Array {
  return packFrame(
    FrameType.Drops,
    encodeDropsFrame({
      subject: row.subject ?? subject(),
      reason: row.reason ?? REASONS.NO_SOCKET,
      place: row.place ?? Place.Input,
      way: row.way ?? Way.Device,
      slot: row.slot ?? 0,
      generation: row.generation ?? 0,
      packets: BigInt(row.packets),
      bytes: BigInt(row.bytes ?? row.packets * 100),
    }),
  );
}

export function tcp(
  of: SubjectFrame,
  retransmits: number,
  failures: readonly number[],
  slot = 0,
): Uint8Array {
  const connectFailures = BigUint64Array.from(failures, BigInt);
  return packFrame(
    FrameType.Tcp,
    encodeTcpFrame({ subject: of, slot, generation: 0, retransmits: BigInt(retransmits), connectFailures }),
  );
}

export function histogram(
  of: SubjectFrame,
  counts: Readonly<Record<number, number>>,
  sumMs: number,
  kind: number = HistogramKind.TcpRtt,
  slot = 0,
): Uint8Array {
  const buckets = new BigUint64Array(HISTOGRAM_BUCKETS);
  let count = 0n;
  for (const [index, value] of Object.entries(counts)) {
    buckets[Number(index) - HISTOGRAM_MIN_INDEX] = BigInt(value);
    count += BigInt(value);
  }
  return packFrame(
    FrameType.Histogram,
    encodeHistogramFrame({
      subject: of,
      slot,
      generation: 0,
      kind,
      count,
      zeroCount: 0n,
      sumNs: BigInt(sumMs) * 1_000_000n,
      buckets,
    }),
  );
}

export function loss(cause: number, count: number): Uint8Array {
  return packFrame(FrameType.Loss, encodeLossFrame({ cause, count: BigInt(count) }));
}

export function dropEvent(
  of: SubjectFrame,
  reason: number = REASONS.NO_SOCKET,
  timeMs = EPOCH_MS,
): Uint8Array {
  const address = (last: number) =>
    Uint8Array.from([...new Array<number>(10).fill(0), 255, 255, 10, 0, 0, last]);
  return packFrame(
    FrameType.DropEvent,
    encodeDropEventFrame({
      timeUnixNs: BigInt(timeMs) * 1_000_000n,
      subject: of,
      reason,
      place: Place.Input,
      way: Way.Device,
      ipVersion: 4,
      protocol: 17,
      sourceAddress: address(1),
      destinationAddress: address(2),
      sourcePort: 40_000,
      destinationPort: 9,
      lengthBytes: 60,
    }),
  );
}

export function concat(frames: readonly Uint8Array[]): Uint8Array {
  return Uint8Array.from(frames.flatMap((frame) => [...frame]));
}
