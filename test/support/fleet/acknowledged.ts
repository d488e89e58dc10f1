import { readFileSync, writeSync } from 'node:fs';
import type { FleetBatchId } from './plan.js';

/** `HOST WINDOW RUN`, a line each: what the broker has acknowledged, in a file that outlives the sender. */
const LINE = /^(\d+) (\d+) ([0-9a-f-]{36})$/;

/** Text of one batch, also the value of the header by which it is found in the log. */
export function batchText({ host, window, run }: FleetBatchId): string {
  return `${String(host)} ${String(window)} ${run}`;
}

/** Undefined for what is no whole line: a kill may have torn it. */
export function parseBatch(text: string): FleetBatchId | undefined {
  const [, host, window, run] = LINE.exec(text) ?? [];
  if (host === undefined || window === undefined || run === undefined) return undefined;
  return { host: Number(host), window: Number(window), run };
}

/** One write a group, after its acknowledgement and before the next is sent. */
export function noteAcknowledged(file: number, batches: readonly FleetBatchId[]): void {
  writeSync(file, batches.map((batch) => `${batchText(batch)}\n`).join(''));
}

export function readAcknowledged(file: string): FleetBatchId[] {
  return readFileSync(file, 'utf8')
    .split('\n')
    .flatMap((line) => parseBatch(line) ?? []);
}
