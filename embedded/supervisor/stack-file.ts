import { existsSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { z } from 'zod';
import { bootId, identify, isRunning, type ProcessIdentity } from './processes.js';

const part = z.object({
  name: z.string(),
  pid: z.number().int(),
  startTicks: z.string(),
  state: z.string(),
  restarts: z.number().int(),
});

const stackFile = z.object({
  home: z.string(),
  pid: z.number().int(),
  startTicks: z.string(),
  bootId: z.string(),
  startedAt: z.string(),
  state: z.enum(['starting', 'ready', 'stopping']),
  /** Where measurements come from: the kernel of this machine, or a recording of frames. */
  source: z.enum(['kernel', 'recording', 'none']),
  demo: z.boolean(),
  /** Before the names of the demo's network namespaces. */
  demoPrefix: z.string(),
  urls: z.object({ api: z.string(), kafka: z.string(), clickhouse: z.string() }),
  ports: z.record(z.string(), z.number()),
  parts: z.array(part),
  tokens: z.record(z.string(), z.string()),
  urlFiles: z.object({ clickhouseAdmin: z.string() }),
});

/** What `bellwether info --json` prints: no secret is in it, only where they lie. */
export type StackFile = z.infer<typeof stackFile>;

/** Undefined when there is none or it is unreadable (then it says nothing that could be relied on). */
export function readStackFile(path: string): StackFile | undefined {
  if (!existsSync(path)) return undefined;
  try {
    return stackFile.parse(JSON.parse(readFileSync(path, 'utf8')));
  } catch {
    return undefined;
  }
}

/** Replaces the file as a whole: a reader never sees half of it. */
export function writeStackFile(path: string, content: StackFile): void {
  writeFileSync(`${path}.next`, `${JSON.stringify(content, null, 2)}\n`, { mode: 0o644 });
  renameSync(`${path}.next`, path);
}

/** Whether the supervisor that wrote the file still runs. */
export function isSupervised(stack: StackFile): boolean {
  return stack.bootId === bootId() && isRunning({ pid: stack.pid, startTicks: stack.startTicks });
}

/** Processes that the file names and that still run, in the order in which they are to be stopped. */
export function survivors(stack: StackFile): (ProcessIdentity & { readonly name: string })[] {
  if (stack.bootId !== bootId()) return [];
  return stack.parts.filter((candidate) => candidate.pid > 0 && isRunning(candidate)).reverse();
}

const lock = z.object({ pid: z.number(), startTicks: z.string(), bootId: z.string() });

/** Takes the home for this process; false when another supervisor holds it. A dead one's lock is taken over. */
export function takeLock(path: string): boolean {
  const mine = JSON.stringify({ ...identify(process.pid), bootId: bootId() });
  for (let attempt = 0; attempt < 2; attempt += 1) {
    try {
      writeFileSync(path, mine, { flag: 'wx' });
      return true;
    } catch {
      const holder = readLock(path);
      if (holder !== undefined && holder.bootId === bootId() && isRunning(holder)) return false;
      rmSync(path, { force: true });
    }
  }
  return false;
}

function readLock(path: string): z.infer<typeof lock> | undefined {
  try {
    return lock.parse(JSON.parse(readFileSync(path, 'utf8')));
  } catch {
    return undefined;
  }
}
