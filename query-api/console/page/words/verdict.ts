import type { Drops, Fault } from '../api/answers.js';
import type { Range } from '../range.js';
import { causeWords } from './causes.js';
import { causeEntries, packetsByFault } from './drop-summary.js';
import type { CauseEntry } from './drop-summary.js';
import { clock, counted, percent } from './format.js';
import type { Voice } from './voice.js';

/** The answer in words, before any figure or chart. */
export interface Verdict {
  readonly kind: 'clear' | 'yours' | 'ours' | 'outside' | 'unexplained' | 'shared' | 'unmeasured';
  readonly headline: string;
  readonly sentence: string;
}

/** A side with this share of the drops is named alone, with "mostly" if it has not all. */
const MOSTLY = 0.9;

/** `since`: nothing was measured in the range before, Unix milliseconds; undefined when it was. */
export function verdictOf(drops: Drops, range: Range, voice: Voice, since?: number): Verdict {
  const { windowsReceived, windowsExpected, ratio } = drops.completeness;
  if (drops.totals.packets === null || (windowsReceived === 0 && drops.groups.length === 0)) {
    return unmeasured(range, windowsExpected);
  }
  const faults = packetsByFault(drops);
  const blamed = faults.customer + faults.platform + faults.external + faults.unknown;
  if (blamed === 0) return clear(faults.normal, range, ratio, since);
  const entries = causeEntries(drops).filter((entry) => entry.fault !== 'normal');
  const sentence = sentenceOf(named(entries), blamed, range, voice);
  const caveat = since === undefined ? '' : ` Nothing was measured before ${clock(since)}.`;
  return { ...headlineOf(faults, blamed, voice), sentence: `${sentence}${caveat}` };
}

function unmeasured(range: Range, windowsExpected: number): Verdict {
  const sentence =
    windowsExpected === 0
      ? `Nothing was measured in the last ${range.words}: no host reports for this customer.`
      : `None of the ${counted(windowsExpected, 'expected window')} of the last ${range.words} has arrived.`;
  return { kind: 'unmeasured', headline: 'We cannot tell.', sentence };
}

function clear(normal: number, range: Range, ratio: number | null, since: number | undefined): Verdict {
  const complete = ratio === null || ratio >= 1;
  const when = since === undefined ? `in the last ${range.words}` : `since ${clock(since)}`;
  const measured = complete ? '' : `, in the ${percent(ratio)} that was measured`;
  const before = since === undefined ? '' : '; nothing was measured before';
  const what =
    normal === 0
      ? `No packet was dropped ${when}`
      : `Only ordinary traffic dropped packets ${when}: ${counted(normal, 'packet')}`;
  return {
    kind: 'clear',
    headline: complete && since === undefined ? 'No harmful drops.' : 'No harmful drops seen.',
    sentence: `${what}${measured}${before}.`,
  };
}

function headlineOf(
  faults: Readonly<Record<Fault, number>>,
  blamed: number,
  voice: Voice,
): Pick<Verdict, 'kind' | 'headline'> {
  const sides = [
    { kind: 'yours', packets: faults.customer, words: `on ${voice.yourSide}` },
    { kind: 'ours', packets: faults.platform, words: 'on our side' },
    { kind: 'outside', packets: faults.external, words: 'from outside' },
    { kind: 'unexplained', packets: faults.unknown, words: 'unexplained' },
  ] as const;
  const main = sides.find(({ packets }) => packets / blamed >= MOSTLY);
  if (main !== undefined) {
    const mostly = main.packets === blamed ? '' : 'mostly ';
    return { kind: main.kind, headline: `The drops are ${mostly}${main.words}.` };
  }
  if (faults.customer > 0 && faults.platform > 0) {
    return { kind: 'shared', headline: 'Drops on both sides.' };
  }
  return { kind: 'shared', headline: 'The drops have several origins.' };
}

/** Causes that a sentence has room for. */
const NAMED_MAX = 3;

/** The largest cause of each side, then the largest of the rest: a side that is blamed is never "other". */
function named(entries: readonly CauseEntry[]): CauseEntry[] {
  const largest = entries.filter(
    ({ fault }, index) => entries.findIndex((one) => one.fault === fault) === index,
  );
  const rest = entries.filter((entry) => !largest.includes(entry));
  const chosen = [...largest, ...rest].slice(0, NAMED_MAX);
  return entries.filter((entry) => chosen.includes(entry));
}

/** "In the last 15 minutes, 70 packets were dropped by … and 50 packets because …." */
function sentenceOf(entries: readonly CauseEntry[], blamed: number, range: Range, voice: Voice): string {
  const parts = entries.map((entry, index) => {
    const verb = index > 0 ? '' : entry.packets === 1 ? 'was dropped ' : 'were dropped ';
    return `${counted(entry.packets, 'packet')} ${verb}${phrase(entry, voice)}`;
  });
  const others = blamed - entries.reduce((sum, { packets }) => sum + packets, 0);
  if (others > 0) parts.push(`${counted(others, 'packet')} for other reasons`);
  const last = parts.pop() ?? '';
  const joined = parts.length === 0 ? last : `${parts.join(', ')} and ${last}`;
  return `In the last ${range.words}, ${joined}.`;
}

function phrase(entry: CauseEntry, voice: Voice): string {
  return causeWords(entry.cause).phrase(entry.fault, voice.yourOwn);
}
