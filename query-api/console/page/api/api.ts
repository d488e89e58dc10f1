import type { Range } from '../range.js';
import type { Drops, Events, Identity, Latency } from './answers.js';

export type LatencySignal = 'tcp.rtt' | 'tcp.connect.duration';

/** The API with one bearer token. The token travels in a header only, never in a URL. */
export interface Api {
  /** The API's clock minus this computer's, milliseconds, as of the last answer. */
  clockOffsetMs(): number;
  whoami(signal: AbortSignal): Promise<Identity>;
  customers(signal: AbortSignal): Promise<string[]>;
  latency(customer: string, name: LatencySignal, range: Range, signal: AbortSignal): Promise<Latency>;
  drops(customer: string, range: Range, signal: AbortSignal): Promise<Drops>;
  events(customer: string, range: Range, signal: AbortSignal): Promise<Events>;
}
