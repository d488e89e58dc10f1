import { z } from 'zod';
import type { ReceivedMessage } from '../../common/kafka/consumer.js';
import { LENGTH_MS } from './buckets.js';

/** What the writer says on progress.v1; the hosts are for people. */
const record = z.object({ minute: z.iso.datetime() });

/** The minute that a progress record is about, Unix milliseconds; undefined when it cannot be read. */
export function minuteOf({ value }: Pick<ReceivedMessage, 'value'>): number | undefined {
  if (value === null) return undefined;
  const parsed = record.safeParse(parseJson(Buffer.from(value).toString('utf8')));
  if (!parsed.success) return undefined;
  const startMs = Date.parse(parsed.data.minute);
  return startMs % LENGTH_MS.minute === 0 ? startMs : undefined;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
