/** A part of a service, composed by hand in its main.ts. Making one does no I/O; start does. */
export interface Component {
  start(): Promise<void>;
  /** Finishes what was begun, loses nothing, and may be called after a failed start. */
  stop(): Promise<void>;
}
