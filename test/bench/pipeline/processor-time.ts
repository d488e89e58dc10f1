import { readFileSync } from 'node:fs';

/** USER_HZ: what /proc counts processor time in, on every Linux. */
const TICKS_PER_SECOND = 100;

/** Processor seconds of a process so far, of all its threads, in user and kernel mode. */
export function processorSeconds(pid: number): number {
  // The name in brackets may hold spaces; what follows it may not.
  const after = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ').at(-1) ?? '';
  const fields = after.split(' ');
  return (Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND;
}

/** Processes by what they are called here. */
export type Processes<Name extends string> = Readonly<Record<Name, number>>;

/** How many processor seconds each has used since. */
export function watchProcessors<Name extends string>(pids: Processes<Name>): () => Record<Name, number> {
  const names = Object.keys(pids) as Name[];
  const read = () => names.map((name) => [name, processorSeconds(pids[name])] as const);
  const before = new Map(read());
  return () =>
    Object.fromEntries(read().map(([name, seconds]) => [name, seconds - (before.get(name) ?? 0)])) as Record<
      Name,
      number
    >;
}
