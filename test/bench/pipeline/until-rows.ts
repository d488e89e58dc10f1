import { setTimeout as sleep } from 'node:timers/promises';

const LIMIT_MS = 180_000;
const SHORTEST_PAUSE_MS = 20;
const LONGEST_PAUSE_MS = 1_000;

/**
 * Resolves when there are so many rows. Looks when half of what is left should be there: asking costs the store some
 * milliseconds, which would be part of what is measured.
 */
export async function untilRows(count: () => Promise<number>, rows: number): Promise<void> {
  const begun = performance.now();
  for (let seen = await count(); seen < rows; seen = await count()) {
    const elapsed = performance.now() - begun;
    if (elapsed > LIMIT_MS) throw new Error(`${seen} of ${rows} rows within ${LIMIT_MS} ms`);
    const left = seen === 0 ? elapsed : (elapsed * (rows - seen)) / seen;
    await sleep(Math.min(Math.max(left / 2, SHORTEST_PAUSE_MS), LONGEST_PAUSE_MS));
  }
}
