import { randomUUID } from 'node:crypto';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { readAcknowledged } from '../fleet/acknowledged.js';
import type { Numbers } from '../fleet/numbers.js';
import type { FleetPlan } from '../fleet/plan.js';
import { startSender } from '../fleet/start-sender.js';
import { Kept } from './kept.js';

export interface FeedOptions {
  readonly brokers: readonly string[];
  readonly directory: string;
  readonly plan: FleetPlan;
  readonly pointsPerSecond: number;
  /** Windows of the plan that may be sent. */
  readonly windows: number;
  readonly numbers: Numbers;
}

export interface Feed extends Kept {
  readonly acknowledgedFile: string;
}

/** Batches that a sender which comes back sends again although they were acknowledged, as a spool does. */
const SENT_AGAIN = 40;

/**
 * The fleet's sender, kept alive. After a kill it either goes on under its old run, and sends again what may have
 * arrived, or begins a new run with the next window and leaves open what became of the rest.
 */
export function createFeed(options: FeedOptions): Feed {
  const { brokers, directory, plan, pointsPerSecond, windows, numbers } = options;
  const acknowledgedFile = join(directory, 'acknowledged.txt');
  let run: string = randomUUID();
  const start = () => {
    const before = existsSync(acknowledgedFile) ? readAcknowledged(acknowledgedFile).at(-1) : undefined;
    let from = 0;
    if (before !== undefined && numbers.next() < 0.5) {
      from = Math.max(0, before.window * plan.hosts + before.host + 1 - SENT_AGAIN);
      run = before.run;
    } else if (before !== undefined) {
      from = (before.window + 1) * plan.hosts;
      run = randomUUID();
    }
    const pace = { kind: 'rate' as const, pointsPerSecond };
    const to = windows * plan.hosts;
    return Promise.resolve(
      startSender({ brokers: [...brokers], plan, run, from, to, pace, acknowledgedFile }),
    );
  };
  const kept = new Kept({ name: 'sender', start, isUp: () => Promise.resolve(existsSync(acknowledgedFile)) });
  return Object.assign(kept, { acknowledgedFile });
}
