import { rmSync } from 'node:fs';
import type { HomePaths } from './home.js';
import { endProcess } from './processes.js';
import { readStackFile, survivors } from './stack-file.js';

/** Longest wait for one process that a crashed supervisor left behind. */
const STOP_LIMIT_MS = 25_000;

/**
 * Ends what a supervisor that died without stopping its parts left running, in stopping order, so that even
 * then the agent's last window is shipped while Kafka still runs. Only processes whose pid, start time and
 * boot are those of stack.json are touched.
 * @returns the names of those that were ended.
 */
export async function endSurvivors(paths: HomePaths): Promise<string[]> {
  const stack = readStackFile(paths.stackFile);
  if (stack === undefined) return [];
  const ended: string[] = [];
  for (const survivor of survivors(stack)) {
    await endProcess(survivor, STOP_LIMIT_MS);
    ended.push(survivor.name);
  }
  rmSync(paths.stackFile, { force: true });
  return ended;
}
