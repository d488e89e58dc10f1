import type { Ledger } from '../ledger/ledger.js';
import type { Parcel } from './batch-builder.js';

export interface QueueLimits {
  readonly maxBatches: number;
  readonly maxBytes: number;
}

/**
 * Batches on their way to Kafka, oldest first, in memory. When it is full the oldest is dropped, and what it
 * held is counted in the ledger, so that a later batch tells of it.
 */
export class ShipQueue {
  readonly #limits: QueueLimits;
  readonly #ledger: Ledger;
  readonly #onChange: (batches: number, bytes: number) => void;
  readonly #parcels: Parcel[] = [];
  #bytes = 0;
  /** The parcel that is being sent: it may have arrived, so it must not be counted as lost. */
  #inFlight: Parcel | undefined;

  constructor(
    limits: QueueLimits,
    ledger: Ledger,
    onChange: (batches: number, bytes: number) => void = () => undefined,
  ) {
    this.#limits = limits;
    this.#ledger = ledger;
    this.#onChange = onChange;
  }

  get length(): number {
    return this.#parcels.length;
  }

  get bytes(): number {
    return this.#bytes;
  }

  push(parcel: Parcel): void {
    this.#parcels.push(parcel);
    this.#bytes += sizeOf(parcel);
    while (this.#parcels.length > 1 && this.#isOver()) {
      const oldest = this.#parcels[0] === this.#inFlight ? 1 : 0;
      if (oldest === this.#parcels.length - 1) break;
      const [dropped] = this.#parcels.splice(oldest, 1);
      if (dropped !== undefined) this.#drop(dropped);
    }
    this.#onChange(this.#parcels.length, this.#bytes);
  }

  /** The oldest, which stays in the queue until {@link shipped} or {@link refused}. */
  next(): Parcel | undefined {
    this.#inFlight = this.#parcels[0];
    return this.#inFlight;
  }

  shipped(): void {
    this.#remove();
  }

  /** It will never be taken: what it held is lost, by this cause. */
  refused(cause: string): void {
    const parcel = this.#remove();
    if (parcel === undefined) return;
    this.#ledger.lose(`${cause}_points`, parcel.points);
    this.#ledger.lose(`${cause}_events`, parcel.events);
    this.#ledger.giveBack(parcel.lost);
  }

  #isOver(): boolean {
    return this.#parcels.length > this.#limits.maxBatches || this.#bytes > this.#limits.maxBytes;
  }

  #drop(parcel: Parcel): void {
    this.#bytes -= sizeOf(parcel);
    this.#ledger.lose('queue_overflow_batches', 1);
    this.#ledger.lose('queue_overflow_points', parcel.points);
    this.#ledger.lose('queue_overflow_events', parcel.events);
    this.#ledger.giveBack(parcel.lost);
  }

  #remove(): Parcel | undefined {
    const parcel = this.#parcels.shift();
    if (parcel !== undefined) this.#bytes -= sizeOf(parcel);
    this.#inFlight = undefined;
    this.#onChange(this.#parcels.length, this.#bytes);
    return parcel;
  }
}

function sizeOf(parcel: Parcel): number {
  return parcel.signalBytes.length + (parcel.eventBytes?.length ?? 0);
}
