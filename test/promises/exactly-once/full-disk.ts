import { setTimeout as sleep } from 'node:timers/promises';
import type { Line } from '../../support/chaos/line.js';
import type { SmallDisk } from '../../support/chaos/small-disk.js';
import { untilDespiteErrors } from '../../support/until.js';

/** From the start of the load, so that there is something on the disk. */
const BEFORE_MS = 1_500;
/** How long it may take until a writer says so. */
const NOTICE_LIMIT_MS = 90_000;
const STAYS_FULL_MS = 1_500;
const NO_SPACE = /NOT_ENOUGH_SPACE|CANNOT_WRITE|No space left/i;

/** Fills the store's disk, waits until a writer says that the store takes no rows, and kills the store and frees it. @returns what it said. */
export async function fillOnce(line: Line, disk: SmallDisk, say: (line: string) => void): Promise<string> {
  await sleep(BEFORE_MS);
  let said = '';
  const isNoticed = async () => {
    // What merges gave back meanwhile is taken as well.
    await disk.fill();
    const texts = await Promise.all(line.readyz.map(whyNotReady));
    said = texts.find((text) => NO_SPACE.test(text)) ?? said;
    return said !== '';
  };
  try {
    await untilDespiteErrors('a writer says that there is no space', isNoticed, NOTICE_LIMIT_MS);
    await sleep(STAYS_FULL_MS);
    // What it had begun and could not end lies there now.
    await line.store.kill();
  } finally {
    await disk.free();
  }
  const [reason = ''] = said.replace(/^.*the store does not take rows: /s, '').split(':');
  say(`the disk was full: ${said.slice(0, 300)}`);
  return reason;
}

async function whyNotReady(url: string): Promise<string> {
  const answer = await fetch(url, { signal: AbortSignal.timeout(1_000) }).catch(() => undefined);
  return answer === undefined || answer.ok ? '' : await answer.text();
}
