import { createHash } from 'node:crypto';
import { LRUCache } from 'lru-cache';
import type { ForeignPoint } from '../../../common/wire/foreign/index.js';

/** Characters of the keys that are remembered: about 64 MB at most, some 50,000 series. */
const CACHED_CHARACTERS = 32 * 1024 * 1024;

/**
 * The `series` of points of anyone. Beside what identifies a series of ours it has kind and unit, which others
 * may change at will, and bounds: counts between other bounds cannot be added or subtracted.
 */
export class ForeignSeriesHasher {
  readonly #cache = new LRUCache<string, bigint>({
    maxSize: CACHED_CHARACTERS,
    sizeCalculation: (_series, key) => key.length,
  });

  seriesOf(point: ForeignPoint): bigint {
    const { metric, kind, unit, bounds } = point;
    const { customer, app, instance, host } = point.origin;
    const identity = [metric, kind, unit, customer, app, instance, host, bounds, ...point.attributes.flat()];
    // JSON keeps the fields apart whatever characters they hold.
    const key = JSON.stringify(identity);
    const known = this.#cache.get(key);
    if (known !== undefined) return known;
    const series = firstBytes(createHash('sha256').update(key, 'utf8'));
    this.#cache.set(key, series);
    return series;
  }
}

/** The `source` of a message of anyone: equal bytes are one message, wherever and however often they stand. */
export function foreignSource(value: Uint8Array): bigint {
  return firstBytes(createHash('sha256').update(value));
}

function firstBytes(hash: ReturnType<typeof createHash>): bigint {
  return hash.digest().readBigUInt64LE(0);
}
