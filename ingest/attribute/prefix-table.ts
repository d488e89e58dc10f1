import {
  encodePrefixCommitFrame,
  encodePrefixFrame,
  FrameType,
  PREFIX_MAX,
} from '../../common/wire/frames.gen.js';
import { packFrame } from '../source/frame.js';
import type { Prefix } from './prefix.js';

interface Entry {
  readonly id: number;
  readonly prefix: Prefix;
  /** Window in which no rule named it any more. */
  freedIn: number | undefined;
}

/**
 * The numbers of the address prefixes that the loader matches. A prefix keeps its number, and a number is not
 * used again until the windows that may still carry it are over: else a drop would go to the wrong customer.
 */
export class PrefixTable {
  readonly #byText = new Map<string, Entry>();
  readonly #textById = new Map<number, string>();

  /**
   * Gives numbers to these prefixes.
   * @returns how many found no number: the loader takes at most `PREFIX_MAX`
   */
  assign(prefixes: readonly Prefix[], window: number): number {
    const wanted = new Map(prefixes.map((prefix) => [prefix.text, prefix]));
    for (const [text, entry] of this.#byText) {
      if (wanted.has(text)) entry.freedIn = undefined;
      else entry.freedIn ??= window;
    }
    this.#reuse(window);
    let left = 0;
    let next = 1;
    for (const [text, prefix] of wanted) {
      if (this.#byText.has(text)) continue;
      while (this.#textById.has(next)) next++;
      if (next > PREFIX_MAX) {
        left++;
        continue;
      }
      this.#byText.set(text, { id: next, prefix, freedIn: undefined });
      this.#textById.set(next, text);
    }
    return left;
  }

  /** The prefix of a number, also of one that was freed a moment ago. */
  textOf(id: number): string | undefined {
    return this.#textById.get(id);
  }

  /** The frames that make the loader match exactly these. */
  frames(): Uint8Array[] {
    const inForce = [...this.#byText.values()].filter(({ freedIn }) => freedIn === undefined);
    return [
      ...inForce.map(({ id, prefix }) =>
        packFrame(
          FrameType.Prefix,
          encodePrefixFrame({ id, prefixLength: prefix.length, address: prefix.address }),
        ),
      ),
      packFrame(FrameType.PrefixCommit, encodePrefixCommitFrame({ count: inForce.length })),
    ];
  }

  #reuse(window: number): void {
    for (const [text, { id, freedIn }] of this.#byText) {
      if (freedIn === undefined || freedIn + 2 > window) continue;
      this.#byText.delete(text);
      this.#textById.delete(id);
    }
  }
}
