import { isKnownReason } from '../common/taxonomy/index.js';
import type { ReasonFrame } from '../common/wire/frames.gen.js';

/** Names of the running kernel's drop reasons, from REASON frames; the numbers mean nothing elsewhere. */
export class ReasonNames {
  readonly #names = new Map<number, string>();
  readonly #unknown = new Set<string>();

  /** @returns false when the taxonomy lacks the name */
  learn({ id, name }: ReasonFrame): boolean {
    this.#names.set(id, name);
    if (isKnownReason(name)) return true;
    this.#unknown.add(name);
    return false;
  }

  /** A number that the loader did not announce (a subsystem's) is kept as such: its cause is `unknown`. */
  nameOf(id: number): string {
    const name = this.#names.get(id);
    if (name !== undefined) return name;
    const numbered = `REASON_${id}`;
    this.#unknown.add(numbered);
    return numbered;
  }

  get unknown(): readonly string[] {
    return [...this.#unknown];
  }
}
