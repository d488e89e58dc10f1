import { setTimeout as sleep } from 'node:timers/promises';
import { messageOf } from '../../common/runtime/errors.js';

/** Between two looks, milliseconds: short at first, for what is quick, and longer for what costs much to look at. */
const FIRST_PAUSE_MS = 5;
const LAST_PAUSE_MS = 100;

type Condition = () => boolean | Promise<boolean>;

/**
 * Looks until it holds.
 * @throws Error with what was waited for when it does not hold in time, and at once what `holds` throws.
 */
export async function until(what: string, holds: Condition, limitMs = 5_000): Promise<void> {
  const end = performance.now() + limitMs;
  for (let pauseMs = FIRST_PAUSE_MS; !(await holds()); pauseMs = Math.min(pauseMs * 1.5, LAST_PAUSE_MS)) {
    if (performance.now() > end) throw new Error(`not within ${limitMs} ms: ${what}`);
    await sleep(pauseMs);
  }
}

/** The same where looking may fail meanwhile: what is looked at is started again, or learns who leads. */
export async function untilDespiteErrors(what: string, holds: Condition, limitMs: number): Promise<void> {
  let problem = 'without an error';
  const look = async () => {
    try {
      return await holds();
    } catch (error) {
      problem = `last error: ${messageOf(error)}`;
      return false;
    }
  };
  try {
    await until(what, look, limitMs);
  } catch (error) {
    throw new Error(`${messageOf(error)}, ${problem}`, { cause: error });
  }
}
