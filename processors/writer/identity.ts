import { createHash } from 'node:crypto';
import { LRUCache } from 'lru-cache';
import type { BatchIdentity, Point } from '../../common/wire/batch.js';

/** About 20 MB; a host has some hundreds of series. */
const SERIES_CACHE_ENTRIES = 50_000;

/** The `source` column: which message said so. The same message sent or read again has the same. */
export function sourceOf(identity: BatchIdentity): bigint {
  return hash64(`${identity.hostId}\0${identity.run}\0${identity.seq}`);
}

/** What tells a series of a host from its others. */
type Labels = Pick<Point, 'signal' | 'kind' | 'owner' | 'attributes'>;

/** The `series` column: what is measured, of whom and where. */
export function seriesOf(hostId: string, labels: Labels): bigint {
  return hash64(seriesKey(hostId, labels));
}

/** {@link seriesOf} that remembers the newest ones. */
export class SeriesHasher {
  readonly #cache = new LRUCache<string, bigint>({ max: SERIES_CACHE_ENTRIES });

  seriesOf(hostId: string, labels: Labels): bigint {
    const key = seriesKey(hostId, labels);
    const known = this.#cache.get(key);
    if (known !== undefined) return known;
    const series = hash64(key);
    this.#cache.set(key, series);
    return series;
  }

  get size(): number {
    return this.#cache.size;
  }
}

/** JSON keeps the fields apart whatever characters they hold. */
function seriesKey(hostId: string, { signal, kind, owner, attributes }: Labels): string {
  const { customer, app, instance } = owner;
  const pairs = Object.entries(attributes).sort(byKey).flat();
  return JSON.stringify([signal, kind, customer, app, instance, hostId, ...pairs]);
}

/** By code units, the same everywhere, unlike localeCompare. */
export function byKey(a: readonly [string, unknown], b: readonly [string, unknown]): number {
  return a[0] < b[0] ? -1 : a[0] > b[0] ? 1 : 0;
}

/** First 8 bytes, little endian, of SHA-256. */
function hash64(text: string): bigint {
  return createHash('sha256').update(text, 'utf8').digest().readBigUInt64LE(0);
}
