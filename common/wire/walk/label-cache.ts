import type { Host, Owner, Point } from '../batch.js';

/**
 * What was checked of series once, by the bytes that said it: the same bytes say the same again. In three steps
 * (owner, metric, attributes), so that each byte of a message is looked up once.
 */
export interface HostLabels<L> {
  readonly owners: Map<string, OwnerLabels<L>>;
  /** About so many bytes of memory. */
  size: number;
}
export interface OwnerLabels<L> {
  readonly owner: Owner;
  readonly metrics: Map<string, MetricLabels<L>>;
}
export interface MetricLabels<L> {
  readonly signal: string;
  readonly kind: Point['kind'];
  readonly series: Map<string, L>;
}

/** Besides its key: entries of maps and objects, and the label of a series (measured: 300 to 500 bytes). */
const ENTRY_BYTES = 400;

/**
 * Bounded by memory; what does not fit makes the host be forgotten that was heard of least recently. It may be
 * exceeded by what one message holds.
 */
export class LabelCache<L> {
  readonly #hosts = new Map<string, HostLabels<L>>();
  readonly #limitBytes: number;
  #size = 0;
  #forgottenHosts = 0;

  constructor(limitBytes: number) {
    this.#limitBytes = limitBytes;
  }

  /** About so many bytes of memory. */
  get size(): number {
    return this.#size;
  }

  /** How often a host had to make room. */
  get forgottenHosts(): number {
    return this.#forgottenHosts;
  }

  of({ id, region }: Host): HostLabels<L> {
    while (this.#size > this.#limitBytes) this.#forgetOldest();
    const key = JSON.stringify([id, region]);
    let labels = this.#hosts.get(key);
    // A Map keeps the order in which its entries were put in: the newest stands at the end.
    if (labels === undefined) labels = { owners: new Map(), size: 0 };
    else this.#hosts.delete(key);
    this.#hosts.set(key, labels);
    if (labels.size === 0) this.grew(labels, key);
    return labels;
  }

  /** An entry with this key was added to the host. */
  grew(labels: HostLabels<L>, key: string): void {
    labels.size += ENTRY_BYTES + key.length;
    this.#size += ENTRY_BYTES + key.length;
  }

  #forgetOldest(): void {
    const [oldest] = this.#hosts;
    if (oldest === undefined) return;
    this.#hosts.delete(oldest[0]);
    this.#size -= oldest[1].size;
    this.#forgottenHosts += 1;
  }
}
