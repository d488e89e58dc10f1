import type { Fault } from '../api/answers.js';

/**
 * Fills of one pattern are told apart by hue, also with colour-blind eyes (a test computes it); with
 * twelve causes no palette could, so the rarer ones are the same hues in stripes, and ordinary traffic is an outline without weight.
 */
export type Pattern = 'solid' | 'diagonal' | 'hollow';

export interface CauseWords {
  /** Stands beside the swatch. */
  readonly label: string;
  readonly pattern: Pattern;
  /** Completes "70 packets were dropped …". */
  readonly phrase: (fault: Fault, yourOwn: string) => string;
}

/** What a customer sees, as reason and as cause, of what is internal to the platform. */
export const PLATFORM = 'platform';

/** In the order of the stack, the list and the legend: what a customer can change comes first. */
const CAUSES: Readonly<Record<string, CauseWords>> = {
  policy: {
    label: 'Firewall rule',
    pattern: 'solid',
    phrase: (fault, yourOwn) =>
      fault === 'customer'
        ? `by a firewall rule in ${yourOwn} network namespace`
        : 'by a firewall rule of the platform',
  },
  no_listener: {
    label: 'Nobody listening',
    pattern: 'solid',
    phrase: () => 'because nothing listened where they were sent',
  },
  receiver_buffer: {
    label: 'Receive buffer full',
    pattern: 'solid',
    phrase: (fault) =>
      fault === 'platform'
        ? 'because a service of the platform did not read fast enough'
        : 'because the receiving application did not read fast enough',
  },
  host_congestion: {
    label: 'Queue full',
    pattern: 'solid',
    phrase: (fault, yourOwn) =>
      fault === 'customer'
        ? `because ${yourOwn} sending queue was full`
        : 'because a queue of the host was full',
  },
  routing: {
    label: 'No route',
    pattern: 'solid',
    phrase: (fault, yourOwn) =>
      fault === 'customer'
        ? `because ${yourOwn} network had no way to where they were sent`
        : 'because the platform’s network had no way to where they were sent',
  },
  platform: {
    label: 'Inside the platform',
    pattern: 'solid',
    phrase: () => 'inside the platform',
  },
  anti_spoof: {
    label: 'Source address check',
    pattern: 'diagonal',
    phrase: () => 'because their source address may not come from there',
  },
  mtu_fragment: {
    label: 'Too large or fragmented',
    pattern: 'diagonal',
    phrase: (fault) =>
      fault === 'external'
        ? 'because fragments from outside were missing'
        : 'because they were too large for the path or fragments were missing',
  },
  malformed: {
    label: 'Malformed packet',
    pattern: 'diagonal',
    phrase: (fault) =>
      fault === 'external'
        ? 'because they came in broken from outside'
        : 'because they broke a rule of their protocol',
  },
  auth: {
    label: 'Failed authentication',
    pattern: 'diagonal',
    phrase: () => 'because they failed authentication',
  },
  unknown: {
    label: 'Not explained',
    pattern: 'diagonal',
    phrase: () => 'for a reason that the kernel does not tell',
  },
  normal: {
    label: 'Ordinary traffic',
    pattern: 'hollow',
    phrase: () => 'as part of ordinary traffic',
  },
};

export const CAUSE_ORDER: readonly string[] = Object.keys(CAUSES);

/** A cause that a newer API knows and this page does not is shown as unexplained, under its own name. */
export function causeWords(cause: string): CauseWords {
  return CAUSES[cause] ?? { label: cause, pattern: 'diagonal', phrase: () => `with the cause ${cause}` };
}

/** The name that colours and patterns go by: the cause where it is known, else `unknown`. */
export function causeStyle(cause: string): string {
  return cause in CAUSES ? cause : 'unknown';
}

/** Place of a cause in the stack; unknown ones come last but for ordinary traffic. */
export function causeRank(cause: string): number {
  return CAUSE_ORDER.indexOf(causeStyle(cause));
}
