import { setTimeout as sleep } from 'node:timers/promises';
import type { Numbers } from '../fleet/numbers.js';
import type { Kept } from './kept.js';

export interface Killing {
  /** How often. */
  readonly kills: number;
  /** From when it works again until the kill, least and most, milliseconds. */
  readonly afterMs: readonly [number, number];
}

/** It is killed all the same when it has not come back for so long: then it dies while it starts. */
const UP_LIMIT_MS = 30_000;

/**
 * Kills one of them, each time another one at random, at a random moment after it works.
 * @param atKill is run right before each kill
 */
export async function killAtRandom(
  victims: readonly Kept[],
  { kills, afterMs }: Killing,
  numbers: Numbers,
  atKill: () => void = () => undefined,
): Promise<void> {
  for (let done = 0; done < kills;) {
    const victim = numbers.pick(victims);
    await victim.whenUp(UP_LIMIT_MS).catch(() => undefined);
    await sleep(numbers.whole(...afterMs));
    // It may have ended by itself meanwhile; then its next life is waited for.
    if (!victim.isThere()) continue;
    atKill();
    await victim.kill();
    done += 1;
  }
}
