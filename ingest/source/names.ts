import type { DropPlace } from '../../common/taxonomy/index.js';
import { ConnectError, HistogramKind, LossCause, Place, Way } from '../../common/wire/frames.gen.js';
import type { SignalName } from '../../common/signals/catalogue.js';

/** The words for the numbers of the frame layout. */

const PLACES: Readonly<Record<Place, DropPlace>> = {
  [Place.Unknown]: 'unknown',
  [Place.DeviceRx]: 'device_rx',
  [Place.Prerouting]: 'prerouting',
  [Place.Input]: 'input',
  [Place.Socket]: 'socket',
  [Place.Forward]: 'forward',
  [Place.Postrouting]: 'postrouting',
  [Place.Output]: 'output',
  [Place.Qdisc]: 'qdisc',
  [Place.Tx]: 'tx',
};

const WAYS: Readonly<Record<Way, string>> = {
  [Way.None]: 'none',
  [Way.RxSocket]: 'rx_socket',
  [Way.Device]: 'device',
  [Way.Socket]: 'socket',
  [Way.Prefix]: 'prefix',
};

const LOSSES: Readonly<Record<LossCause, string>> = {
  [LossCause.DropMapFull]: 'drop_map_full',
  [LossCause.TcpMapFull]: 'tcp_map_full',
  [LossCause.EventRingFull]: 'event_ring_full',
  [LossCause.Recursion]: 'recursion',
  [LossCause.HistogramRange]: 'histogram_range',
  [LossCause.ConnectUntracked]: 'connect_untracked',
};

/** `error.type` of a failed connect, in the order of `bw_tcp.connect_failures`. */
export const CONNECT_ERROR_TYPES: readonly string[] = Object.entries({
  refused: ConnectError.Refused,
  timed_out: ConnectError.TimedOut,
  unreachable: ConnectError.Unreachable,
  other: ConnectError.Other,
})
  .sort(([, a], [, b]) => a - b)
  .map(([name]) => name);

const HISTOGRAM_SIGNALS: Readonly<Record<HistogramKind, SignalName>> = {
  [HistogramKind.TcpRtt]: 'tcp.rtt',
  [HistogramKind.TcpConnect]: 'tcp.connect.duration',
};

function lookUp<T>(table: Readonly<Record<number, T>>, number: number): T | undefined {
  return table[number];
}

export function placeName(place: number): DropPlace {
  return lookUp(PLACES, place) ?? 'unknown';
}

export function wayName(way: number): string {
  return lookUp(WAYS, way) ?? 'none';
}

/** A cause that this agent does not know is still counted, under its number. */
export function lossName(cause: number): string {
  return lookUp(LOSSES, cause) ?? `kernel_loss_${cause}`;
}

/** Undefined for a kind that this agent does not know. */
export function histogramSignal(kind: number): SignalName | undefined {
  return lookUp(HISTOGRAM_SIGNALS, kind);
}
