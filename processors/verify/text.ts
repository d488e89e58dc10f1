import type { Totals, WindowReport } from './report.js';

/** A line a host and window: `2026-11-24T20:00:05.000Z host-1  produced 200  stored 200  equal`. */
export function windowText(report: WindowReport): string {
  const { host, windowMs, problems } = report;
  const verdict = problems.length === 0 ? 'equal' : `NOT EQUAL: ${problems.join('; ')}`;
  return [new Date(windowMs).toISOString(), host, ...figures(report), verdict].join('  ');
}

export function totalsText(totals: Totals): string {
  const { hosts, windows, unequal, expired, equal, notes } = totals;
  const lines = [
    `${String(windows)} windows of ${String(hosts)} hosts: ${figures(totals).join(', ')}`,
    ...(expired > 0 ? [`${String(expired)} messages expired in the log before they were stored`] : []),
    ...notes,
    equal ? 'equal' : `NOT EQUAL: ${String(unequal)} windows, see above`,
  ];
  return lines.join('\n');
}

type Figures = Pick<WindowReport, 'produced' | 'stored' | 'pending' | 'refused' | 'lostOnHost' | 'repeats'>;

function figures({ produced, stored, pending, refused, lostOnHost, repeats }: Figures | Totals): string[] {
  return [
    `produced ${String(produced)}`,
    `stored ${String(stored)}`,
    ...(pending > 0 ? [`pending ${String(pending)}`] : []),
    ...Object.entries(refused).map(([reason, count]) => `refused as ${reason} ${String(count)}`),
    ...Object.entries(lostOnHost).map(([cause, count]) => `lost on the host by ${cause} ${String(count)}`),
    ...(repeats > 0 ? [`sent again ${String(repeats)}`] : []),
  ];
}

/** For programs: times as RFC 3339. */
export function windowJson({ windowMs, ...report }: WindowReport): object {
  return { window: new Date(windowMs).toISOString(), ...report, equal: report.problems.length === 0 };
}
