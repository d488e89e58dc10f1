import type { OutgoingMessage } from '../../common/kafka/producer.js';
import type { Prepared } from './prepare.js';

/** What `progress.v1` says: rows of these hosts in this minute were stored since the last record about it. */
export interface ProgressRecord {
  /** Start of the minute, RFC 3339. */
  readonly minute: string;
  /** `host.id`s, sorted. */
  readonly hosts: readonly string[];
}

/** One record a touched minute; its key is the minute, so that all about one minute stays in order. */
export function progressMessages(stored: readonly Pick<Prepared, 'minutes' | 'hosts'>[]): OutgoingMessage[] {
  const byMinute = new Map<number, Set<string>>();
  for (const { minutes, hosts } of stored) {
    for (const minute of minutes) {
      const known = byMinute.get(minute) ?? new Set();
      for (const host of hosts) known.add(host);
      byMinute.set(minute, known);
    }
  }
  return [...byMinute]
    .sort(([a], [b]) => a - b)
    .map(([minuteMs, hosts]) => {
      const minute = new Date(minuteMs).toISOString();
      const record: ProgressRecord = { minute, hosts: [...hosts].sort() };
      return { key: minute, value: Buffer.from(JSON.stringify(record), 'utf8') };
    });
}
