import type { SignalName } from '../../common/signals/catalogue.js';
import type { TraceHeaders } from '../../common/telemetry/spans.js';
import type {
  BatchIdentity,
  DropEvent,
  EventBatch,
  Host,
  Point,
  SignalBatch,
} from '../../common/wire/batch.js';
import { encodeEventBatch, encodeSignalBatch } from '../../common/wire/otlp.js';
import type { Ledger } from '../ledger/ledger.js';
import { CONNECT_ERROR_TYPES, histogramSignal } from '../source/names.js';
import type { Window } from '../source/window.js';
import { dropFacts, type Attribute } from './drop-facts.js';
import { eventOf } from './events.js';
import { PointTable } from './point-table.js';

/** A window's messages, encoded: what waits in the queue. */
export interface Parcel {
  readonly identity: BatchIdentity;
  readonly windowEndMs: number;
  readonly points: number;
  readonly events: number;
  /** What the batch says was lost: told again by a later one, should this one be lost. */
  readonly lost: Readonly<Record<string, number>>;
  readonly signalBytes: Uint8Array;
  /** Undefined when nothing was sampled. */
  readonly eventBytes: Uint8Array | undefined;
  /** Names the span of the window, when there is one. */
  readonly trace?: TraceHeaders;
}

export interface BatchBuilderOptions {
  readonly host: Host;
  /** UUID of this start of the agent. */
  readonly run: string;
  readonly ledger: Ledger;
  /** Largest message, bytes. */
  readonly maxMessageBytes: number;
}

export interface WindowContext {
  readonly attribute: Attribute;
  readonly reasonName: (id: number) => string;
  readonly customers: readonly string[];
  readonly goodbye: boolean;
}

/** What makes a second try surely smaller when a message was too large. */
const SHRINK = 0.9;

/** One message per host and window, and one more for its sampled drops if there were any. */
export class BatchBuilder {
  readonly #options: BatchBuilderOptions;
  #seq = 0;

  constructor(options: BatchBuilderOptions) {
    this.#options = options;
  }

  build(window: Window, context: WindowContext): { parcel: Parcel; unattributed: Record<string, number> } {
    const { host, run, ledger } = this.#options;
    for (const [cause, count] of window.lost) ledger.lose(cause, count);
    const table = pointsOf(window, context, ledger);
    const events = window.events.map((event) =>
      eventOf(event, context.reasonName(event.reason), context.attribute),
    );
    const head = {
      host,
      identity: { hostId: host.id, run, seq: this.#seq++ },
      windowStartMs: window.startMs,
      windowEndMs: window.endMs,
    };
    const eventBytes = this.#fitEvents(head, events);
    const { unattributed } = table;
    const signal = this.#fitPoints(table.points(), (points) => ({
      ...head,
      observedMs: window.observedMs,
      customers: context.customers,
      goodbye: context.goodbye,
      ledger: { emittedPoints: points.length, lost: {}, unattributed },
      points,
    }));
    const parcel = {
      ...signal,
      identity: head.identity,
      windowEndMs: window.endMs,
      events: events.length,
      eventBytes,
    };
    return { parcel, unattributed };
  }

  /** The batch with as many of the points as fit a message; the others are counted, in this very batch. */
  #fitPoints(
    all: readonly Point[],
    batchOf: (points: readonly Point[]) => SignalBatch,
  ): Pick<Parcel, 'points' | 'lost' | 'signalBytes'> {
    const { ledger, maxMessageBytes } = this.#options;
    let points = all;
    for (;;) {
      const batch = batchOf(points);
      const lost = ledger.take();
      const signalBytes = encodeSignalBatch({ ...batch, ledger: { ...batch.ledger, lost } });
      if (signalBytes.length <= maxMessageBytes || points.length === 0) {
        return { points: points.length, lost, signalBytes };
      }
      ledger.giveBack(lost);
      const room = Math.floor(points.length * (maxMessageBytes / signalBytes.length) * SHRINK);
      ledger.lose('message_too_large_points', points.length - room);
      points = points.slice(0, room);
    }
  }

  #fitEvents(head: Omit<EventBatch, 'events'>, all: readonly DropEvent[]): Uint8Array | undefined {
    const { ledger, maxMessageBytes } = this.#options;
    let events = all;
    while (events.length > 0) {
      const bytes = encodeEventBatch({ ...head, events });
      if (bytes.length <= maxMessageBytes) return bytes;
      const room = Math.floor(events.length * (maxMessageBytes / bytes.length) * SHRINK);
      ledger.lose('message_too_large_events', events.length - room);
      events = events.slice(0, room);
    }
    return undefined;
  }
}

function pointsOf(window: Window, context: WindowContext, ledger: Ledger): PointTable {
  const table = new PointTable();
  const { attribute } = context;
  for (const drop of window.drops) {
    const { owner, ...facts } = dropFacts(drop, context.reasonName(drop.reason), attribute);
    const attributes = {
      'drop.reason': facts.reason,
      'drop.cause': facts.cause,
      'drop.fault': facts.fault,
      'drop.place': facts.place,
      'drop.way': facts.way,
    };
    table.add('packet.drops', owner, attributes, drop.packets);
    table.add('packet.drop.bytes', owner, attributes, drop.bytes);
  }
  for (const tcp of window.tcp) {
    const { owner } = attribute.of(tcp.subject);
    table.add('tcp.retransmits', owner, {}, tcp.retransmits);
    CONNECT_ERROR_TYPES.forEach((error, i) => {
      table.add('tcp.connect.failures', owner, { 'error.type': error }, tcp.connectFailures[i] ?? 0);
    });
  }
  for (const histogram of window.histograms) {
    const signal: SignalName | undefined = histogramSignal(histogram.kind);
    if (signal === undefined) ledger.lose('histogram_kind_unknown', histogram.count);
    else table.addHistogram(signal, attribute.of(histogram.subject).owner, {}, histogram);
  }
  return table;
}
