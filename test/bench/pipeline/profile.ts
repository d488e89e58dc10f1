import { readFileSync } from 'node:fs';
import { z } from 'zod';

/** A V8 processor profile: a tree of frames, and which of them was running at each sample. */
const profileSchema = z.object({
  nodes: z.array(
    z.object({
      id: z.number(),
      callFrame: z.object({ functionName: z.string(), url: z.string(), lineNumber: z.number() }),
      children: z.array(z.number()).optional(),
    }),
  ),
  samples: z.array(z.number()),
  timeDeltas: z.array(z.number()),
});

/** One function where it was called; `selfUs` is what it used itself. */
export interface Frame {
  readonly name: string;
  /** The file as its last parts, '' for what is no JavaScript. */
  readonly file: string;
  readonly selfUs: number;
  readonly children: readonly Frame[];
}

/** Reads a `.cpuprofile` as a tree. */
export function readProfile(path: string): Frame {
  const { nodes, samples, timeDeltas } = profileSchema.parse(JSON.parse(readFileSync(path, 'utf8')));
  const selfUs = new Map<number, number>();
  samples.forEach((id, i) => selfUs.set(id, (selfUs.get(id) ?? 0) + (timeDeltas[i] ?? 0)));
  const byId = new Map(nodes.map((node) => [node.id, node]));
  const frameOf = (id: number): Frame => {
    const node = byId.get(id);
    if (node === undefined) throw new Error(`the profile has no node ${id}`);
    const { functionName, url } = node.callFrame;
    return {
      name: functionName === '' ? '(anonymous)' : functionName,
      file: shortFile(url),
      selfUs: selfUs.get(id) ?? 0,
      children: (node.children ?? []).map(frameOf),
    };
  };
  const root = nodes.find(({ callFrame }) => callFrame.functionName === '(root)');
  if (root === undefined) throw new Error(`${path} is no processor profile`);
  return frameOf(root.id);
}

export function totalUs(frame: Frame): number {
  return frame.children.reduce((sum, child) => sum + totalUs(child), frame.selfUs);
}

/** `node_modules/kafkajs/src/…` and `processors/writer/…`, without where the project lies and is compiled to. */
function shortFile(url: string): string {
  const inPackages = /node_modules\/(?!.*node_modules\/)(.*)$/.exec(url)?.[1];
  if (inPackages !== undefined) return inPackages;
  return /\/dist[^/]*\/(.*)\.js$/.exec(url)?.[1] ?? url;
}

/** Stages of the writer, by the innermost frame of a stack that tells. */
const STAGES: readonly (readonly [stage: Stage, file: RegExp])[] = [
  [
    'decode',
    /^(common\/wire\/|processors\/writer\/(prepare|rows|identity)|common\/clickhouse\/(row-binary|native))/,
  ],
  [
    'insert',
    /^(@clickhouse\/|common\/clickhouse\/|processors\/writer\/store|node:_http|node:internal\/http)/,
  ],
  ['fetch', /^(kafkajs\/|common\/kafka\/|node:zlib)/],
];
export type Stage = 'fetch' | 'decode' | 'insert' | 'other';
const NOT_WORK = ['(idle)', '(root)'];

/** Undefined when the frame does not tell: then it is part of what called it. */
export function stageOf({ file }: Frame): Stage | undefined {
  return STAGES.find(([, pattern]) => pattern.test(file))?.[0];
}

/** Microseconds by stage; `other` is the loop, garbage collection, progress, metrics, the process's start. */
export function stagesOf(root: Frame): Record<Stage, number> {
  const used: Record<Stage, number> = { fetch: 0, decode: 0, insert: 0, other: 0 };
  const add = (frame: Frame, outer: Stage) => {
    const stage = stageOf(frame) ?? outer;
    if (!NOT_WORK.includes(frame.name)) used[stage] += frame.selfUs;
    for (const child of frame.children) add(child, stage);
  };
  add(root, 'other');
  return used;
}
