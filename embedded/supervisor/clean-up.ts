import { rmSync } from 'node:fs';
import { removeDemo } from '../demo/namespaces.js';
import type { HomePaths } from './home.js';
import { endProcess } from './processes.js';
import { readStackFile, survivors } from './stack-file.js';

/** Longest wait for one process that a crashed supervisor left behind. */
const STOP_LIMIT_MS = 25_000;

/**
 * Clears what a supervisor that died without stopping its parts left: ends its processes in stopping order,
 * so that even then the agent's last window is shipped while Kafka still runs, and removes the demo. Only
 * processes whose pid, start time and boot are those of stack.json are touched.
 * @returns the names of what was ended and removed.
 */
export async function clearLeftovers(paths: HomePaths): Promise<string[]> {
  const stack = readStackFile(paths.stackFile);
  const cleared: string[] = [];
  for (const survivor of stack === undefined ? [] : survivors(stack)) {
    await endProcess(survivor, STOP_LIMIT_MS);
    cleared.push(survivor.name);
  }
  const namespaces = await removeDemo(paths.home, paths.demoFile);
  cleared.push(...namespaces.map((name) => `network namespace ${name}`));
  rmSync(paths.demoOwners, { force: true });
  rmSync(paths.stackFile, { force: true });
  return cleared;
}
