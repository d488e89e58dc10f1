import type { NetnsFrame } from '../../common/wire/frames.gen.js';
import { normalNetnsPath } from './rules.js';

/** Its names, each with the last window for which it counts; `STAYS` while the namespace has it. */
type Namespace = Map<string, number>;

const STAYS = Number.POSITIVE_INFINITY;

/** More named namespaces than a host has; beyond it a new one is not remembered and stays unattributed. */
const MAX_NAMESPACES = 65_536;

/**
 * The named network namespaces, from the loader's NETNS frames. The key is the cookie, which the kernel
 * never gives out again; a name that is made anew is another namespace.
 */
export class Namespaces {
  readonly #byCookie = new Map<bigint, Namespace>();

  /** @param window number of the window that is under way */
  observe(frame: NetnsFrame, window: number): void {
    const path = normalNetnsPath(frame.path);
    const known = this.#byCookie.get(frame.netnsCookie);
    if (frame.gone === 0) {
      if (known === undefined && this.#byCookie.size >= MAX_NAMESPACES) return;
      const namespace: Namespace = known ?? new Map<string, number>();
      // Names that it lost count no longer than this window: from here on the new name says whose it is.
      for (const [name, until] of namespace) {
        if (until !== STAYS) namespace.set(name, Math.min(until, window));
      }
      namespace.set(path, STAYS);
      this.#byCookie.set(frame.netnsCookie, namespace);
    } else if (known?.get(path) === STAYS) {
      // What was measured before it went is still that name's; see forgetBefore for the last one.
      known.set(path, window);
      if (!hasName(known)) known.set(path, window + 1);
    }
  }

  /** Its names, and those that it lost in a window that is not over. */
  pathsOf(cookie: bigint): ReadonlySet<string> {
    return new Set(this.#byCookie.get(cookie)?.keys());
  }

  /** Whether a namespace of this name exists now. */
  isPresent(path: string): boolean {
    for (const namespace of this.#byCookie.values()) {
      if (namespace.get(path) === STAYS) return true;
    }
    return false;
  }

  /**
   * Forgets names whose last window is over, and namespaces without any. A name counts for the window in which
   * it went, and the last one for the next too: the name goes first, the kernel drops what is left in the
   * namespace a little later.
   */
  forgetBefore(window: number): void {
    for (const [cookie, namespace] of this.#byCookie) {
      for (const [path, until] of namespace) if (until < window) namespace.delete(path);
      if (namespace.size === 0) this.#byCookie.delete(cookie);
    }
  }

  get size(): number {
    return this.#byCookie.size;
  }
}

function hasName(namespace: Namespace): boolean {
  return [...namespace.values()].includes(STAYS);
}
