/** What a query worker is told and answers. One query at a time. */
export interface RunRequest {
  readonly kind: 'run';
  readonly sql: string;
  readonly format: string;
  /** `SET …`, run first on the fresh connection. */
  readonly setup: readonly string[];
  /** `stream`: chunk by chunk on demand; `whole`: in one piece. */
  readonly mode: 'stream' | 'whole';
}

export type WorkerRequest =
  | RunRequest
  /** One chunk more. */
  | { readonly kind: 'more' }
  /** No further chunk is wanted. */
  | { readonly kind: 'stop' };

export interface QueryStatistics {
  readonly elapsedSeconds: number;
  readonly rowsRead: number;
  readonly bytesRead: number;
  readonly resultRows: number;
}

export type WorkerAnswer =
  | { readonly kind: 'ready' }
  | { readonly kind: 'chunk'; readonly bytes: Uint8Array }
  | { readonly kind: 'end'; readonly statistics: QueryStatistics | undefined }
  | { readonly kind: 'failed'; readonly message: string };
