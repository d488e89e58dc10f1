import { whatDiffers, type Checksum } from './checksum.js';
import type { Letters } from './letters.js';
import { addTo, newReport, type WindowReport } from './report.js';
import type { Said } from './said.js';

/** What messages are held against. */
export interface Evidence {
  /** By source. */
  readonly stored: ReadonlyMap<string, Checksum>;
  /** By partition: what the writers will read next. */
  readonly committed: ReadonlyMap<number, number>;
  readonly letters: Pick<Letters, 'reasonOf'>;
}

/** Puts the messages together by host and window, in time order, and says of each what became of it. */
export function judgeMessages(messages: readonly Said[], evidence: Evidence): WindowReport[] {
  const reports = new Map<string, WindowReport>();
  const seen = new Set<string>();
  for (const said of messages) {
    const { host, windowMs, source } = said;
    const key = `${String(windowMs)} ${host}`;
    const report = reports.get(key) ?? newReport(host, windowMs);
    reports.set(key, report);
    if (source !== undefined && seen.has(source)) {
      report.repeats += 1;
      continue;
    }
    if (source !== undefined) seen.add(source);
    addTo(report.lostOnHost, said.lostOnHost);
    judge(said, report, evidence);
  }
  return [...reports.values()].sort((a, b) => a.windowMs - b.windowMs || (a.host < b.host ? -1 : 1));
}

function judge(said: Said, report: WindowReport, { stored, committed, letters }: Evidence): void {
  const points = said.unreadable === undefined ? said.points : 1;
  report.produced += points;
  const found = said.source === undefined ? undefined : stored.get(said.source);
  const problem = problemOf(said, found);
  if (problem === undefined) {
    report.stored += points;
    return;
  }
  const reason = letters.reasonOf(said);
  if (reason !== undefined) addTo(report.refused, { [reason]: points });
  else if (said.offset >= (committed.get(said.partition) ?? 0)) report.pending += points;
  else report.problems.push(`${problem} (signals.v1/${String(said.partition)}/${String(said.offset)})`);
}

/** Undefined when all that the message says is stored as it says it. */
function problemOf(said: Said, found: Checksum | undefined): string | undefined {
  if (said.unreadable !== undefined) {
    return `a message that cannot be read is no dead letter: ${said.unreadable}`;
  }
  if (said.checksum !== undefined) {
    if (said.points === 0) return undefined;
    const nothing: Checksum = { rows: 0, value: 0, count: 0n, zeroCount: 0n, sum: 0, buckets: 0n };
    return whatDiffers(said.checksum, found ?? nothing);
  }
  // Of others: points on one key are one row, so the rows are at most as many.
  const rows = found?.rows ?? 0;
  if (said.points > 0 && rows === 0) return `0 rows of ${String(said.points)} points are stored`;
  if (rows > said.points) return `${String(rows)} rows of ${String(said.points)} points are stored`;
  return undefined;
}
