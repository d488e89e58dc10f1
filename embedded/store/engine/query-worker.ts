/**
 * Runs one query at a time on a thread of its own: opening a stream analyses the query on the calling thread,
 * and a scalar subquery runs during analysis (measured: seconds), which must not hold the front's event loop.
 */
import { parentPort, workerData } from 'node:worker_threads';
import { z } from 'zod';
import { messageOf } from '../../../common/runtime/errors.js';
import type { RunRequest, WorkerAnswer, WorkerRequest } from './messages.js';
import { loadAddon, type Handle } from './native.js';

const port = parentPort;
if (port === null) throw new Error('query-worker runs only as a worker thread');
const { path } = z.object({ path: z.string() }).parse(workerData);
const addon = loadAddon();

const answer = (message: WorkerAnswer) => port.postMessage(message);
let wantMore: ((more: boolean) => void) | undefined;
/** Requests for chunks that came before the worker waited for them. */
let credit = 0;
let stopped = false;

const nextWanted = (): Promise<boolean> => {
  if (stopped) return Promise.resolve(false);
  if (credit > 0) {
    credit -= 1;
    return Promise.resolve(true);
  }
  return new Promise((resolve) => (wantMore = resolve));
};

function wanted(more: boolean): void {
  const resolve = wantMore;
  wantMore = undefined;
  if (resolve !== undefined) resolve(more);
  else if (more) credit += 1;
}

async function runWhole(connection: Handle, request: RunRequest): Promise<void> {
  const result = await addon.query(connection, request.sql, request.format);
  if (result.bytes.length > 0) answer({ kind: 'chunk', bytes: result.bytes });
  answer({
    kind: 'end',
    statistics: {
      elapsedSeconds: result.elapsed,
      rowsRead: result.rowsRead,
      bytesRead: result.bytesRead,
      resultRows: 0,
    },
  });
}

async function runStream(connection: Handle, request: RunRequest): Promise<void> {
  const stream = addon.openStream(connection, request.sql, request.format);
  try {
    while (await nextWanted()) {
      const { bytes, done } = await addon.fetch(stream);
      if (done || bytes === undefined) break;
      if (bytes.length > 0) answer({ kind: 'chunk', bytes });
    }
  } finally {
    addon.closeStream(stream);
  }
  answer({ kind: 'end', statistics: undefined });
}

async function run(request: RunRequest): Promise<void> {
  stopped = false;
  credit = 0;
  const connection = addon.connect(path);
  try {
    // The gate has seen one statement; the engine's own parser must agree.
    const count = await addon.countStatements(connection, request.sql);
    if (count > 1)
      throw new Error('Code: 62. DB::Exception: Multi-statements are not allowed. (SYNTAX_ERROR)');
    for (const statement of request.setup) addon.run(connection, statement);
    await (request.mode === 'whole' ? runWhole(connection, request) : runStream(connection, request));
  } catch (error) {
    answer({ kind: 'failed', message: messageOf(error) });
  } finally {
    addon.close(connection);
    answer({ kind: 'ready' });
  }
}

port.on('message', (message: WorkerRequest) => {
  if (message.kind === 'run') void run(message);
  else if (message.kind === 'more') wanted(true);
  else {
    stopped = true;
    wanted(false);
  }
});
answer({ kind: 'ready' });
