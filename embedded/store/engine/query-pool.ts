import { Worker } from 'node:worker_threads';
import { engineError } from '../errors.js';
import type { QueryStatistics, RunRequest, WorkerAnswer, WorkerRequest } from './messages.js';

/** A running query, chunk by chunk: the next one is fetched when it is asked for. */
export interface RunningQuery {
  /** The next chunk, or undefined at the end. @throws StoreError of the engine */
  next(): Promise<Uint8Array | undefined>;
  /** Known after the end, of queries run in one piece. */
  readonly statistics: QueryStatistics | undefined;
  /** Ends the stream early; resolves when the engine has let go of it. */
  close(): Promise<void>;
  /** Resolves when the engine has let go of the query. */
  readonly released: Promise<void>;
}

/** Threads that run queries, each one at a time. Who takes a thread must have a place in its lane first. */
export class QueryPool {
  readonly #idle: QueryThread[] = [];
  readonly #all: QueryThread[] = [];

  /** @param onLost a thread ended, which the store does not survive */
  constructor(
    private readonly path: string,
    private readonly size: number,
    private readonly onLost: (why: string) => void,
  ) {}

  async start(): Promise<void> {
    for (let index = 0; index < this.size; index += 1) {
      const thread = new QueryThread(this.path, this.onLost);
      await thread.ready();
      this.#all.push(thread);
      this.#idle.push(thread);
    }
  }

  /** Runs a query on an idle thread. */
  run(request: RunRequest): RunningQuery {
    const thread = this.#idle.pop();
    if (thread === undefined) throw new Error('no query thread is idle: the lane is wider than the pool');
    const query = thread.run(request);
    void thread.ready().then(() => this.#idle.push(thread));
    return query;
  }

  async stop(): Promise<void> {
    for (const thread of this.#all) await thread.end();
  }
}

class QueryThread {
  readonly #worker: Worker;
  #ending = false;
  #ready: Promise<void>;
  #becameReady: () => void = () => undefined;
  #query: ThreadQuery | undefined;

  constructor(path: string, onLost: (why: string) => void) {
    this.#ready = new Promise((resolve) => (this.#becameReady = resolve));
    this.#worker = new Worker(new URL('./query-worker.js', import.meta.url), { workerData: { path } });
    this.#worker.on('message', (answer: WorkerAnswer) => this.#on(answer));
    this.#worker.on('error', (error) => onLost(`a query thread failed: ${error.message}`));
    this.#worker.on('exit', () => {
      if (!this.#ending) onLost('a query thread ended');
    });
  }

  ready(): Promise<void> {
    return this.#ready;
  }

  run(request: RunRequest): RunningQuery {
    this.#ready = new Promise((resolve) => (this.#becameReady = resolve));
    this.#query = new ThreadQuery((message) => this.#worker.postMessage(message), this.#ready);
    this.#worker.postMessage(request);
    return this.#query;
  }

  async end(): Promise<void> {
    await this.#ready;
    this.#ending = true;
    await this.#worker.terminate();
  }

  #on(answer: WorkerAnswer): void {
    if (answer.kind === 'ready') {
      this.#query?.finish(undefined);
      this.#query = undefined;
      this.#becameReady();
    } else this.#query?.on(answer);
  }
}

/** Chunks asked for ahead of the reader, so that the engine works while the socket drains. */
const AHEAD = 2;

class ThreadQuery implements RunningQuery {
  readonly #chunks: Uint8Array[] = [];
  #asked = 0;
  #ended = false;
  #failure: Error | undefined;
  #wake: (() => void) | undefined;
  statistics: QueryStatistics | undefined;

  constructor(
    private readonly post: (message: WorkerRequest) => void,
    readonly released: Promise<void>,
  ) {}

  on(answer: WorkerAnswer): void {
    if (answer.kind === 'chunk') {
      this.#asked -= 1;
      this.#chunks.push(answer.bytes);
    } else if (answer.kind === 'end') {
      this.statistics = answer.statistics;
      this.#ended = true;
    } else if (answer.kind === 'failed') this.finish(engineError(answer.message));
    this.#wake?.();
  }

  finish(failure: Error | undefined): void {
    this.#failure ??= failure;
    this.#ended = true;
    this.#wake?.();
  }

  async next(): Promise<Uint8Array | undefined> {
    for (;;) {
      const chunk = this.#chunks.shift();
      if (chunk !== undefined) return chunk;
      if (this.#failure !== undefined) throw this.#failure;
      if (this.#ended) return undefined;
      for (; this.#asked < AHEAD; this.#asked += 1) this.post({ kind: 'more' });
      await new Promise<void>((resolve) => (this.#wake = resolve));
      this.#wake = undefined;
    }
  }

  async close(): Promise<void> {
    if (!this.#ended) this.post({ kind: 'stop' });
    this.#chunks.length = 0;
    await this.released;
  }
}
