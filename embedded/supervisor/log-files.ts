import {
  copyFileSync,
  openSync,
  readSync,
  closeSync,
  fstatSync,
  renameSync,
  statSync,
  truncateSync,
} from 'node:fs';

/** A log is put aside at the start of the stack when it is larger than this. */
const ROTATE_AT_START_BYTES = 8 * 1024 * 1024;
/** A log is emptied (and its content kept once, as NAME.log.1) while its process runs when it outgrows this. */
const ROTATE_WHILE_RUNNING_BYTES = 64 * 1024 * 1024;

function sizeOf(path: string): number {
  return statSync(path, { throwIfNoEntry: false })?.size ?? 0;
}

/** Puts a large log aside as NAME.log.1, so that two starts' worth is the most that is kept. */
export function rotateAtStart(path: string, limitBytes = ROTATE_AT_START_BYTES): void {
  if (sizeOf(path) > limitBytes) renameSync(path, `${path}.1`);
}

/**
 * Keeps the log of a running process bounded. Its descriptor is open for appending, so that truncating the
 * file in place is safe; lines written between copy and truncation are lost, which only logs may.
 */
export function boundWhileRunning(path: string, limitBytes = ROTATE_WHILE_RUNNING_BYTES): boolean {
  if (sizeOf(path) <= limitBytes) return false;
  copyFileSync(path, `${path}.1`);
  truncateSync(path, 0);
  return true;
}

/** The last lines of a log, for an error message; empty when there is none. */
export function lastLines(path: string, count: number, fromByte = 0): string[] {
  let descriptor: number;
  try {
    descriptor = openSync(path, 'r');
  } catch {
    return [];
  }
  try {
    const { size } = fstatSync(descriptor);
    const start = Math.max(fromByte, size - 16_384, 0);
    const buffer = Buffer.alloc(Math.max(size - start, 0));
    readSync(descriptor, buffer, 0, buffer.length, start);
    return buffer
      .toString('utf8')
      .split('\n')
      .filter((line) => line.trim() !== '')
      .slice(-count);
  } finally {
    closeSync(descriptor);
  }
}
