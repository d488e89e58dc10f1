import type { Life } from './life.js';

/** A started process of the product. */
export interface MemberRun {
  readonly life: Life;
  /** As SIGTERM does. */
  stop(): void;
  /** As the watchdog does. */
  rejoin(): void;
}
