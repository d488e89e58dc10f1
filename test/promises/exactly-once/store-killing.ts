import { join } from 'node:path';
import { compileDieAtStep, deathsIn, dieThere, type DiePoint } from '../../support/chaos/die-points.js';
import { killAtRandom, type Killing } from '../../support/chaos/killing.js';
import type { Line } from '../../support/chaos/line.js';
import type { Numbers } from '../../support/fleet/numbers.js';
import { until } from '../../support/until.js';

export interface StoreKilling extends Killing {
  /** Steps of an insert: after a kill at random, the next life of the store ends at one of them. */
  readonly points: readonly DiePoint[];
}

/** How long the store may take to come to the step at which it is to die. */
const DEATH_LIMIT_MS = 90_000;

const UP_LIMIT_MS = 30_000;

/** @returns the steps at which the store died, in words; empty where nothing can be preloaded. */
export async function killStore(
  line: Line,
  { kills, afterMs, points }: StoreKilling,
  numbers: Numbers,
  say: (line: string) => void,
): Promise<string[]> {
  const library = await compileDieAtStep(line.directory);
  const log = join(line.directory, 'deaths.log');
  const died: string[] = [];
  const rest = library === undefined ? [] : [...points];
  const environments = new Map<DiePoint, Record<string, string>>();
  await line.store.whenUp(UP_LIMIT_MS);
  if (library !== undefined) {
    for (const point of rest) environments.set(point, await dieThere(line.client, { library, log }, point));
  }
  for (let done = 0; done < kills || rest.length > 0; done += 1) {
    const point = rest.shift();
    const environment = point === undefined ? undefined : environments.get(point);
    const before = deathsIn(log);
    // At the moment of the kill: a life that begins earlier would get it and be the one that is killed.
    const arm = () => (environment === undefined ? undefined : line.nextStores.push(environment));
    await killAtRandom([line.store], { kills: 1, afterMs }, numbers, arm);
    if (point === undefined) continue;
    const words = `${point.call} ${String(point.nth)} of ${point.table}`;
    await until(`the store dies at ${words}`, () => deathsIn(log) > before, DEATH_LIMIT_MS)
      .then(() => died.push(words))
      .catch(() => say(`the store never came to ${words}`));
  }
  return died;
}
