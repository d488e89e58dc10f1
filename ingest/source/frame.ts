import {
  ABI_VERSION,
  decodeDropEventFrame,
  decodeDropsFrame,
  decodeHelloFrame,
  decodeHistogramFrame,
  decodeLossFrame,
  decodeNetnsFrame,
  decodeReasonFrame,
  decodeTcpFrame,
  decodeWindowFrame,
  DROP_EVENT_FRAME_SIZE,
  DROPS_FRAME_SIZE,
  encodeFrameHeader,
  FRAME_HEADER_SIZE,
  FrameType,
  HELLO_FRAME_SIZE,
  HISTOGRAM_FRAME_SIZE,
  LOSS_FRAME_SIZE,
  NETNS_FRAME_SIZE,
  REASON_FRAME_SIZE,
  TCP_FRAME_SIZE,
  WINDOW_FRAME_SIZE,
  type DropEventFrame,
  type DropsFrame,
  type HelloFrame,
  type HistogramFrame,
  type LossFrame,
  type NetnsFrame,
  type ReasonFrame,
  type TcpFrame,
  type WindowFrame,
} from '../../common/wire/frames.gen.js';

/** What the loader says, decoded. `raw` is the frame as it came, header included. */
export type Frame = { readonly raw: Uint8Array } & FrameBody;

export type FrameBody =
  | { readonly type: 'hello'; readonly body: HelloFrame }
  | { readonly type: 'reason'; readonly body: ReasonFrame }
  | { readonly type: 'netns'; readonly body: NetnsFrame }
  | { readonly type: 'window_begin'; readonly body: WindowFrame }
  | { readonly type: 'drops'; readonly body: DropsFrame }
  | { readonly type: 'tcp'; readonly body: TcpFrame }
  | { readonly type: 'histogram'; readonly body: HistogramFrame }
  | { readonly type: 'loss'; readonly body: LossFrame }
  | { readonly type: 'window_end'; readonly body: WindowFrame }
  | { readonly type: 'drop_event'; readonly body: DropEventFrame };

interface Layout {
  /** Bytes of payload, header not counted. */
  readonly size: number;
  readonly decode: (view: DataView, offset: number) => FrameBody;
}

/** By frame type: how long the payload must be and how it is read. */
export const LAYOUTS: ReadonlyMap<number, Layout> = new Map<number, Layout>([
  [
    FrameType.Hello,
    { size: HELLO_FRAME_SIZE, decode: (v, o) => ({ type: 'hello', body: decodeHelloFrame(v, o) }) },
  ],
  [
    FrameType.Reason,
    { size: REASON_FRAME_SIZE, decode: (v, o) => ({ type: 'reason', body: decodeReasonFrame(v, o) }) },
  ],
  [
    FrameType.Netns,
    { size: NETNS_FRAME_SIZE, decode: (v, o) => ({ type: 'netns', body: decodeNetnsFrame(v, o) }) },
  ],
  [
    FrameType.WindowBegin,
    { size: WINDOW_FRAME_SIZE, decode: (v, o) => ({ type: 'window_begin', body: decodeWindowFrame(v, o) }) },
  ],
  [
    FrameType.Drops,
    { size: DROPS_FRAME_SIZE, decode: (v, o) => ({ type: 'drops', body: decodeDropsFrame(v, o) }) },
  ],
  [FrameType.Tcp, { size: TCP_FRAME_SIZE, decode: (v, o) => ({ type: 'tcp', body: decodeTcpFrame(v, o) }) }],
  [
    FrameType.Histogram,
    {
      size: HISTOGRAM_FRAME_SIZE,
      decode: (v, o) => ({ type: 'histogram', body: decodeHistogramFrame(v, o) }),
    },
  ],
  [
    FrameType.Loss,
    { size: LOSS_FRAME_SIZE, decode: (v, o) => ({ type: 'loss', body: decodeLossFrame(v, o) }) },
  ],
  [
    FrameType.WindowEnd,
    { size: WINDOW_FRAME_SIZE, decode: (v, o) => ({ type: 'window_end', body: decodeWindowFrame(v, o) }) },
  ],
  [
    FrameType.DropEvent,
    {
      size: DROP_EVENT_FRAME_SIZE,
      decode: (v, o) => ({ type: 'drop_event', body: decodeDropEventFrame(v, o) }),
    },
  ],
]);

/** A whole frame: header and payload. */
export function packFrame(type: FrameType, payload: Uint8Array = new Uint8Array(0)): Uint8Array {
  const frame = new Uint8Array(FRAME_HEADER_SIZE + payload.length);
  frame.set(encodeFrameHeader({ length: payload.length, type, abiVersion: ABI_VERSION }));
  frame.set(payload, FRAME_HEADER_SIZE);
  return frame;
}
