import type { OutgoingMessage } from '../../common/kafka/producer.js';
import type { StoredWindow } from './prepare.js';

const MINUTE_MS = 60_000;

/** What `progress.v1` says: rows of these hosts in this minute were stored since the last record about it. */
export interface ProgressRecord {
  /** Start of the minute, RFC 3339. */
  readonly minute: string;
  /** `host.id`s, sorted. */
  readonly hosts: readonly string[];
}

/** One record a touched minute; its key is the minute, so that all about one minute stays in order. */
export function progressMessages(windows: readonly StoredWindow[]): OutgoingMessage[] {
  const byMinute = new Map<number, Set<string>>();
  for (const { hostId, startMs } of windows) {
    const minute = Math.floor(startMs / MINUTE_MS) * MINUTE_MS;
    const hosts = byMinute.get(minute) ?? new Set();
    hosts.add(hostId);
    byMinute.set(minute, hosts);
  }
  return [...byMinute]
    .sort(([a], [b]) => a - b)
    .map(([minuteMs, hosts]) => {
      const minute = new Date(minuteMs).toISOString();
      const record: ProgressRecord = { minute, hosts: [...hosts].sort() };
      return { key: minute, value: Buffer.from(JSON.stringify(record), 'utf8') };
    });
}
