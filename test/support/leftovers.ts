import { readdirSync, readFileSync } from 'node:fs';

/** In the environment of everything that a run of tests starts, however deep. */
export const RUN_MARK = 'BELLWETHER_TEST_RUN';

export interface Leftover {
  readonly pid: number;
  readonly command: string;
}

/** Processes whose command line or environment holds the text; not this one. */
export function processesWith(text: string): Leftover[] {
  return readdirSync('/proc')
    .filter((entry) => /^\d+$/.test(entry) && Number(entry) !== process.pid)
    .map((entry) => ({
      pid: Number(entry),
      environment: readProcess(entry, 'environ'),
      command: readProcess(entry, 'cmdline'),
    }))
    .filter(({ environment, command }) => environment.includes(text) || command.includes(text))
    .map(({ pid, command }) => ({ pid, command: command.replaceAll('\0', ' ').trim().slice(0, 150) }));
}

/** Empty where the process has ended meanwhile or is not ours to look at. */
function readProcess(pid: string, file: string): string {
  try {
    return readFileSync(`/proc/${pid}/${file}`, 'utf8');
  } catch {
    return '';
  }
}

/** Ends what tests left, so that one test's leak does not become the next one's failure. */
export function endAll(leftovers: readonly Leftover[]): void {
  for (const { pid } of leftovers) {
    try {
      process.kill(pid, 'SIGKILL');
    } catch {
      // It ended by itself.
    }
  }
}

/** Named network namespaces that begin with the prefix. */
export function namespacesWith(prefix: string): string[] {
  try {
    return readdirSync('/run/netns').filter((name) => name.startsWith(prefix));
  } catch {
    return [];
  }
}
