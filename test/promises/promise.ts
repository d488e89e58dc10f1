/** What `bellwether info --json` says of a running stack. */
export interface StackInfo {
  readonly home: string;
  readonly pid: number;
  /** Where measurements come from; a promise about the kernel is skipped where it is not `kernel`. */
  readonly source: 'kernel' | 'recording' | 'none';
  readonly demo: boolean;
  readonly urls: { readonly api: string; readonly kafka: string; readonly clickhouse: string };
  readonly ports: Readonly<Record<string, number>>;
  readonly parts: readonly { readonly name: string; readonly pid: number; readonly state: string }[];
  /** Token name (`operator`, `acme`, …) to the 0600 file that holds it. */
  readonly tokens: Readonly<Record<string, string>>;
  readonly urlFiles: { readonly clickhouseAdmin: string };
}

export interface PromiseContext {
  /** `short` within `npm test` (at most 20 s), `full` within `npm run promises`. */
  readonly mode: 'short' | 'full';
  /** The running stack; undefined unless the promise needs it. */
  readonly stack: StackInfo | undefined;
  /** Progress for whoever watches; the verdict is the returned figure. */
  readonly log: (line: string) => void;
}

export interface PromiseResult {
  readonly holds: boolean;
  /** What was measured, with units. */
  readonly figure: string;
}

/** A promise to users, as a suite that measures it and can fail. */
export interface ProductPromise {
  readonly name: string;
  readonly plannedSeconds: { readonly short: number; readonly full: number };
  readonly needs: 'stack' | 'root' | 'nothing';
  run(context: PromiseContext): Promise<PromiseResult>;
}

/** Thrown when this machine cannot run a promise; the reason is printed and counted. */
export class SkipPromise extends Error {
  constructor(reason: string) {
    super(reason);
    this.name = 'SkipPromise';
  }
}
