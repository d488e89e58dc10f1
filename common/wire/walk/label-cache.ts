import type { Host, Owner, Point } from '../batch.js';

/**
 * What was checked of series once, by the bytes that said it: the same bytes say the same again. In three steps
 * (owner, metric, attributes), so that each byte of a message is looked up once.
 */
export interface HostLabels<L> {
  readonly owners: Map<string, OwnerLabels<L>>;
  /** About so many bytes of memory. */
  size: number;
  /** Where it stands among the hosts of the cache. */
  place: number;
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
 * Bounded by memory; what does not fit makes some host be forgotten. Any one, by chance: a fleet speaks in turn, so
 * of a cache a little too small the host that was heard of least recently is the next one that speaks, and
 * forgetting that one each time would keep nothing (100,000 series in room for 95,000: each message took eight
 * times as long). It may be exceeded by what one message holds.
 */
export class LabelCache<L> {
  readonly #hosts = new Map<string, HostLabels<L>>();
  /** The keys of `#hosts`, each at its `place`. */
  readonly #keys: string[] = [];
  readonly #limitBytes: number;
  readonly #chance: () => number;
  #size = 0;
  #forgottenHosts = 0;

  /** @param chance from 0 to below 1, as Math.random */
  constructor(limitBytes: number, chance: () => number = Math.random) {
    this.#limitBytes = limitBytes;
    this.#chance = chance;
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
    while (this.#size > this.#limitBytes && this.#keys.length > 0) this.#forgetOne();
    const key = JSON.stringify([id, region]);
    let labels = this.#hosts.get(key);
    if (labels === undefined) {
      labels = { owners: new Map(), size: 0, place: this.#keys.push(key) - 1 };
      this.#hosts.set(key, labels);
      this.grew(labels, key);
    }
    return labels;
  }

  /** An entry with this key was added to the host. */
  grew(labels: HostLabels<L>, key: string): void {
    labels.size += ENTRY_BYTES + key.length;
    this.#size += ENTRY_BYTES + key.length;
  }

  #forgetOne(): void {
    const place = Math.floor(this.#chance() * this.#keys.length);
    const key = this.#keys[place];
    const labels = key === undefined ? undefined : this.#hosts.get(key);
    const lastKey = this.#keys.pop();
    if (key === undefined || labels === undefined || lastKey === undefined) return;
    // The last one takes its place.
    const last = this.#hosts.get(lastKey);
    if (last !== undefined && last !== labels) {
      last.place = place;
      this.#keys[place] = lastKey;
    }
    this.#hosts.delete(key);
    this.#size -= labels.size;
    this.#forgottenHosts += 1;
  }
}
