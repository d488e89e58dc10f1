import type { NetnsFrame } from '../../common/wire/frames.gen.js';
import { normalNetnsPath } from './rules.js';

interface Namespace {
  readonly paths: Set<string>;
  /** Window in which its last name went away. */
  goneIn: number | undefined;
}

const NO_PATHS: ReadonlySet<string> = new Set();

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
      const namespace = known ?? { paths: new Set<string>(), goneIn: undefined };
      // A namespace that lost its last name may be given another: the earlier owner's claim ended there.
      if (namespace.goneIn !== undefined) namespace.paths.clear();
      namespace.goneIn = undefined;
      namespace.paths.add(path);
      this.#byCookie.set(frame.netnsCookie, namespace);
    } else if (known?.paths.has(path) === true) {
      if (known.paths.size === 1) known.goneIn = window;
      else known.paths.delete(path);
    }
  }

  /** Its names; those that it had when it went, as long as it is remembered. */
  pathsOf(cookie: bigint): ReadonlySet<string> {
    return this.#byCookie.get(cookie)?.paths ?? NO_PATHS;
  }

  /** Whether a namespace of this name exists now. */
  isPresent(path: string): boolean {
    for (const { paths, goneIn } of this.#byCookie.values()) {
      if (goneIn === undefined && paths.has(path)) return true;
    }
    return false;
  }

  /**
   * Forgets namespaces whose last window is over. They keep their owner for the window in which they went and
   * the next: the name goes first, the kernel drops what is left in the namespace a little later.
   */
  forgetBefore(window: number): void {
    for (const [cookie, { goneIn }] of this.#byCookie) {
      if (goneIn !== undefined && goneIn + 1 < window) this.#byCookie.delete(cookie);
    }
  }

  get size(): number {
    return this.#byCookie.size;
  }
}
